import { expect, it } from 'vitest';
import { auditLine } from '../../functions/cli/audit-line.js';
import { tokenFor } from '../services/server.js';
import { endOf, runCli, startCli, until } from './cli-run.js';
import { openWorld } from './world.js';

async function openScene() {
  const world = await openWorld('sqlite', { KILLSWITCH_SANDBOX: 'process' });
  const environment = { KILLSWITCH_URL: world.url, KILLSWITCH_TOKEN: await tokenFor(['audit:read']) };
  const kill = async (reason: string): Promise<string> => {
    const { agentId } = await world.processAgent();
    await world.request('POST', `/agents/${agentId}/kill`, { body: { reason } });
    return agentId;
  };
  return { world, environment, kill };
}

it('shows the audit, of one agent, since a time, and as one JSON a line', async () => {
  const { environment, kill } = await openScene();
  const [first, second] = [await kill('leaking\u001b[2J keys'), await kill('gone astray')];
  const all = await runCli(['audit'], environment);
  expect(all.code).toBe(0);
  expect(all.stdout).toMatch(new RegExp(`KILL_AGENT +accepted by tests: ${first}, was running, leaking`));
  expect(all.stdout).not.toContain('\u001b');
  expect(all.stdout).toContain(second);
  const one = await runCli(['audit', '--agent', second, '--json', '--since', '1h'], environment);
  const entries = one.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  expect(entries.map(({ operation, phase }) => `${operation} ${phase}`)).toEqual([
    'REGISTER_AGENT done',
    'KILL_AGENT accepted',
    'KILL_AGENT settled',
  ]);
  expect((await runCli(['audit', '--since', '2999-01-01'], environment)).stdout).toBe('');
});

it('goes on telling with --follow', async () => {
  const { environment, kill } = await openScene();
  const cli = startCli(['audit', '--follow'], environment);
  const ended = endOf(cli);
  const agentId = await kill('later');
  await until(cli.stdout, `settled  by tests: ${agentId}`);
  cli.kill('SIGTERM');
  await ended;
});

it.each([
  [['--since', 'yesterday'], 2, 'It must be a time'],
  [['--agent', 'a/b'], 2, 'It must match'],
])('ends with 2 for %j', async (args, code, sentence) => {
  expect(await runCli(['audit', ...args])).toMatchObject({ code, stderr: expect.stringContaining(sentence) });
});

it('shows a kill-all in one line', () => {
  const entry = {
    timestamp: '2026-11-22T10:00:00.000Z',
    operation: 'KILL_ALL_AGENTS',
    actor: 'ops',
  } as const;
  expect(
    auditLine({ ...entry, phase: 'settled', total: 3, killed: 2, operationId: 'op-1', errors: ['a3: gone'] }),
  ).toBe('2026-11-22 10:00:00.000 KILL_ALL_AGENTS settled  by ops: 2 of 3 killed, a3: gone  (op-1)');
  expect(auditLine({ ...entry, phase: 'accepted', source: '203.0.113.7', operationId: 'op-1' })).toBe(
    '2026-11-22 10:00:00.000 KILL_ALL_AGENTS accepted by ops: all  (from 203.0.113.7, op-1)',
  );
});
