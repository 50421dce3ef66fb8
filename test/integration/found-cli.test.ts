import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../services/agents.js';
import { isAlive } from '../services/proc.js';
import { runCli } from './cli-run.js';
import { claudeIn, start } from './found.helper.js';

const WAIT = 'sleep 600 & wait';

/** An agent of a tool that knows nothing of us, with its session. */
async function startClaude() {
  const session = randomUUID();
  const { executable } = claudeIn(temporaryDirectory());
  const marks = `CLAUDECODE=1 CLAUDE_CODE_SESSION_ID=${session}`;
  const script = `echo main $$; env ${marks} sh -c 'echo tool $$; ${WAIT}' & wait`;
  const { main, tool } = await start([executable, '-c', script], { says: ['main', 'tool'] });
  if (main === undefined || tool === undefined) throw new Error('Both said so.');
  const alive = (): boolean[] => [main, tool].map(({ pid, startTime }) => isAlive(pid, startTime));
  return { agentId: `claude-${session}`, main, tool, alive };
}

const apart = () => ({ KILLSWITCH_STATE_DIR: temporaryDirectory() });

test('One command stops what runs here, with nothing set up', async () => {
  const [agent, other] = [await startClaude(), await startClaude()];
  const environment = apart();
  const found = ['kill-all', '--found', '--agent', agent.agentId];
  const shown = await runCli([...found, '--dry-run'], environment);
  expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining(String(agent.main.pid)) });
  const unasked = await runCli(found, environment);
  expect(unasked).toMatchObject({ code: 2, stderr: expect.stringContaining('add --yes') });
  expect(agent.alive()).toEqual([true, true]);

  const stopped = await runCli([...found, '--yes', '--json'], environment);
  expect(JSON.parse(stopped.stdout)).toMatchObject({
    total: 1,
    killed: 1,
    agents: [{ agentId: agent.agentId }],
  });
  expect([agent.alive(), other.alive()]).toEqual([
    [false, false],
    [true, true],
  ]);
  const again = await runCli([...found, '--yes'], environment);
  expect(again).toMatchObject({ code: 3, stdout: 'No agents found.\n' });
}, 60_000);

test('The PID of any of its processes names an agent', async () => {
  const agent = await startClaude();
  const environment = apart();
  const pid = String(agent.tool.pid);
  const shown = await runCli(['kill', pid, '--local', '--dry-run'], environment);
  expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining(String(agent.main.pid)) });
  const stopped = await runCli(['kill', pid, '--local'], environment);
  expect(stopped.stdout).toContain(`Agent ${agent.agentId} killed`);
  expect(agent.alive()).toEqual([false, false]);
}, 60_000);

test('The PID of a process that is no agent’s stops nothing', async () => {
  const { bystander } = await start(['sh', '-c', `echo bystander $$; ${WAIT}`], { says: ['bystander'] });
  const refused = await runCli(['kill', String(bystander?.pid), '--local'], apart());
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('belongs to no agent') });
  expect(isAlive(bystander?.pid ?? 0, bystander?.startTime)).toBe(true);
}, 60_000);
