import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { startContainer } from '../services/agents.js';
import { inject, RUN_MARK } from '../services/context.js';
import { latestIdentity } from '../services/identity.js';
import { isAlive, readOf, signal, startTimeOf } from '../services/proc.js';
import { afterFile } from '../services/registry.js';
import { runCli } from './cli-run.js';
import { openWorld } from './world.js';

/** Containers of nobody else, and no host processes. */
const apart = { KILLSWITCH_SANDBOX: 'docker', KILLSWITCH_AGENT_LABEL: `sweep-${process.pid}` };

it('shows what ended agents left, leaves what is young alone, and ends the rest', async () => {
  const world = await openWorld('sqlite', apart);
  const label = apart.KILLSWITCH_AGENT_LABEL;
  const variable = latestIdentity().variable;
  const active = await world.containerAgent();
  const ended = await world.containerAgent();
  await world.request('PATCH', `/agents/${ended.agentId}`, { body: { status: 'completed' } });
  const stray = await startContainer({ agentId: 'stray', label });
  const session = randomUUID();
  const left = await leaveBehind({ CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: session, CLAUDE_PID: '4194304' });
  const agentId = `claude-${session}`;
  const environment = { ...world.environment, KILLSWITCH_AGENT_VARIABLE: variable };
  const runs = () => [active.container, ended.container, stray].map(container => container.pids().length > 0);
  const only = [ended.agentId, 'stray', agentId];

  const listed = await runCli(['sweep', ...only, '--older-than', '0'], environment);
  expect(listed.stdout.split('\n')).toEqual([
    expect.stringMatching(/^LEFT BY +PROCS {2}MEMORY +AGE +RUNS$/),
    expect.stringMatching(/^claude-[0-9a-f-]{24}… +1 +\S+ [KM]B +\d+ s +sleep$/),
    expect.stringMatching(/^\S+ +- +- +\d+ s +container [0-9a-f]{12}$/),
    '',
    'End all of it: killswitch sweep --kill',
    '',
  ]);
  expect(listed.stdout.split('\n').every(line => line.length <= 80)).toBe(true);

  const young = await runCli(['sweep', ...only, '--kill', '-o', 'json', '--older-than', '1h'], environment);
  expect(JSON.parse(young.stdout)).toMatchObject({
    leftovers: [],
    containers: [{ agentId: ended.agentId, young: true }],
    ended: { processes: [], containers: [] },
  });
  expect([...runs(), left.isAlive()]).toEqual([true, true, true, true]);

  const killed = await runCli(['sweep', ...only, '--kill', '--older-than', '0s'], environment);
  expect(killed.stdout.trim().split('\n')).toEqual([
    `${agentId}: 1 process ended`,
    expect.stringMatching(`^${ended.agentId}: dead; container dead after`),
  ]);
  expect(killed.stderr.match(/"operation":"SWEEP","phase":"settled"/g)).toHaveLength(2);
  expect([killed.code, ...runs(), left.isAlive()]).toEqual([0, true, false, true, false]);

  const none = await runCli(['sweep', ...only, '-o', 'wide'], environment);
  expect(none).toMatchObject({ code: 0, stdout: 'Nothing was left behind.\n' });
  const names = await runCli(['sweep', ...only, '--kill', '-o', 'name'], environment);
  expect(names).toMatchObject({ code: 0, stdout: '' });
}, 120_000);

it('says what it could not look at', async () => {
  const world = await openWorld('sqlite', apart);
  const blind = { ...world.environment, DOCKER_HOST: 'unix:///nonexistent/docker.sock' };
  const { code, stderr } = await runCli(['sweep', 'none'], blind);
  expect(stderr).toContain('killswitch: Could not check: docker: ');
  expect(code).toBe(3);
});

it('needs no store for what the marks of a tool show, and says that the audit lacks it', async () => {
  const session = randomUUID();
  const left = await leaveBehind({ CODEX_SESSION_ID: session });
  const storeless = {
    KILLSWITCH_AGENT_VARIABLE: 'NEVER_SET_AGENT_ID',
    KILLSWITCH_SANDBOX: 'process',
    KILLSWITCH_STORE: 'redis://127.0.0.1:1',
  };
  const only = ['sweep', `codex-${session}`, '--kill', '--older-than', '0'];
  const { code, stdout, stderr } = await runCli(only, storeless);
  expect(stderr).toContain('what was ended is not in the audit');
  expect([code, stdout, left.isAlive()]).toEqual([0, `codex-${session}: 1 process ended\n`, false]);
}, 60_000);

/** Starts a process whose parent ends at once, in a session of its own, and that ignores the end of its input. */
async function leaveBehind(environment: Readonly<Record<string, string>>) {
  const starter = spawn('sh', ['-c', "setsid sh -c 'echo $$; exec sleep 100000 >/dev/null' & wait $!"], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      ...environment,
      PATH: process.env['PATH'],
      [RUN_MARK]: basename(inject('runFolder')),
    },
  });
  const [line] = (await once(createInterface(starter.stdout), 'line')) as [string];
  const pid = Number(line);
  const startTime = startTimeOf(pid) ?? '';
  afterFile(() => signal(pid, startTime, 'SIGKILL'));
  const exit = once(starter, 'exit');
  starter.kill('SIGKILL');
  await exit;
  await expect.poll(() => readOf(pid, 'cmdline'), { timeout: 20_000 }).toMatch(/^sleep/);
  return { pid, isAlive: () => isAlive(pid, startTime) };
}
