import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { createProcesses } from '../../lib/adapters/process/index.js';
import { parsePs } from '../../lib/adapters/process/ps.js';
import { LIMIT } from '../../lib/adapters/process/words.js';
import { isAlive, startProcess } from '../services/agents.js';
import { about, atOnce, newId, recordOf, run, silent } from './process.helper.js';

const sandbox = createProcesses({ platform: 'darwin', log: silent });
const ID = 'KILLSWITCH_AGENT_ID';

const lstartOf = (pid: number): string =>
  execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
  }).trim();

describe('Asked through ps', () => {
  test('an agent is killed with its daemons', async () => {
    const agentId = newId();
    const agent = await startProcess({ agentId, children: 2, daemonized: 2 });
    const target = recordOf(agentId, { pid: agent.pid, startTime: lstartOf(agent.pid) });
    expect(await sandbox.kill(target, atOnce())).toEqual({
      ...about(target),
      outcome: 'dead',
      detail: LIMIT,
    });
    expect(agent.pids()).toEqual([]);
  });

  test('an agent that ignores SIGTERM is killed when its grace is over', async () => {
    const agentId = newId();
    const agent = await startProcess({ agentId, ignoreTerm: true });
    const options = { ...atOnce(), graceMs: 20 };
    expect(await sandbox.kill(recordOf(agentId), options)).toMatchObject({ outcome: 'dead' });
    expect(agent.pids()).toEqual([]);
  });

  test('a bystander is refused and lives on, even if an argument of it looks like the variable', async () => {
    const agentId = newId();
    const { root } = await run(`exec sh -c 'echo root $$; sleep 1000' ${ID}=${agentId}`);
    const pid = root?.pid ?? 0;
    const right = recordOf(agentId, { pid, startTime: lstartOf(pid) });
    expect(await sandbox.kill(right, atOnce())).toMatchObject({ outcome: 'refused' });
    const wrong = recordOf(agentId, { pid, startTime: 'Thu Jan  1 00:00:00 1970' });
    expect(await sandbox.kill(wrong, atOnce())).toMatchObject({ outcome: 'alreadyGone' });
    expect(isAlive(pid, root?.startTime)).toBe(true);
  });

  test('an agent whose ID begins like another is spared', async () => {
    const agentId = newId();
    const agent = await startProcess({ agentId: `${agentId}0` });
    expect(await sandbox.kill(recordOf(agentId), atOnce())).toMatchObject({ outcome: 'notFound' });
    expect(agent.pids()).toHaveLength(4);
  });

  test('the sandbox says how it looks, and of how many processes it cannot know whose they are', async () => {
    // Kernel threads are among them: elsewhere than on Linux there are none in this table.
    const detail = expect.stringMatching(
      /^by ps; [1-9]\d* processes on this host may not be read by this user/,
    );
    expect(await sandbox.probe()).toEqual({ name: 'process', ok: false, aside: true, detail });
  });
});

describe('The tables of ps', () => {
  const LSTART = 'Sun Nov  2 13:44:35 2026';

  test('are put together as macOS prints them', () => {
    const table = `    1     0     1 Ss   ${LSTART}     /sbin/launchd\n  412     1   412 U+   ${LSTART}     node a.js\n`;
    const environments = `    1 /sbin/launchd\n  412 node a.js PATH=/bin ${ID}=a1 A=b\n`;
    expect(parsePs(table, environments, ID)).toMatchObject([
      { pid: 1, session: 1, state: 'alive', environment: 'unreadable', labels: [] },
      {
        pid: 412,
        ppid: 1,
        group: 412,
        startTime: LSTART,
        state: 'stuck',
        environment: 'read',
        labels: ['a1'],
      },
    ]);
  });

  test('say nothing of an environment if the command is another one in each', () => {
    const table = `412 1 412 S ${LSTART} sh ${ID}=a1\n`;
    expect(parsePs(table, `412 env ${ID}=a1 sleep 1\n`, ID)).toMatchObject([
      { environment: 'unreadable', labels: [] },
    ]);
  });

  test('may hold lines that are none of theirs', () => {
    expect(parsePs('\nwarning: something\n', 'x', ID)).toEqual([]);
  });
});
