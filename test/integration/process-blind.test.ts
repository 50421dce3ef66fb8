import { statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isAlive, startProcess } from '../services/agents.js';
import { readOf, signal } from '../services/proc.js';
import { about, atOnce, newId, type Running, recordOf, run } from './process.helper.js';
import { asUser, canBeUser, openElsewhere, USER } from './process-asker.helper.js';

const MEND = 'give the killswitch CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH and CAP_KILL, or run it as root';
const isRunning = (process: Running | undefined): boolean =>
  process !== undefined && isAlive(process.pid, process.startTime);

/** PR_SET_DUMPABLE of prctl(2): from then on none but root may read its environment. */
const HIDE = 'import ctypes, time; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0); time.sleep(1000)';
/** Files of /proc belong to root once a process is undumpable (proc(5)). */
const ownerOf = (pid: number): number => statSync(`/proc/${pid}/environ`).uid;

/** What starts a command with a /proc of its own, mounted with these options; nothing changes for others. */
const withProc = (options: string, command: readonly string[]): string[] => [
  ...['unshare', '--mount', 'sh', '-c', `mount -t proc -o ${options} proc /proc && exec "$@"`, 'sh'],
  ...command,
];

describe.runIf(canBeUser)('As an ordinary user', () => {
  const unreadable = {
    layer: 'process',
    kind: 'process',
    id: expect.any(String),
    outcome: 'blind',
    detail: `the recorded process may not be read by this user, so nothing shows whether it is the agent; it may still run: ${MEND}`,
  };

  test('it is blind to an agent of its own user that made itself undumpable', async () => {
    const sandbox = await openElsewhere(asUser);
    const agentId = newId();
    const { root } = await run(`echo root $$; exec python3 -c '${HIDE}'`, { agentId, user: USER });
    await expect.poll(() => ownerOf(root?.pid ?? 0)).toBe(0);
    expect(await sandbox.kill(recordOf(agentId, root), atOnce())).toEqual(unreadable);
    expect(isRunning(root)).toBe(true);
  });

  test('it kills an agent that made itself undumpable after it was seen', async () => {
    const sandbox = await openElsewhere(asUser);
    const agentId = newId();
    const turn = `trap "exec env -u KILLSWITCH_AGENT_ID python3 -c '${HIDE}'" USR1`;
    const script = `${turn}; echo root $$; while :; do sleep 0.01; done`;
    const { root } = await run(script, { agentId, user: USER });
    await expect.poll(async () => (await sandbox.scan()).seen.map(one => one.agentId)).toContain(agentId);
    signal(root?.pid ?? 0, root?.startTime, 'SIGUSR1');
    await expect.poll(() => readOf(root?.pid ?? 0, 'cmdline')).toContain('python3');
    await expect.poll(() => ownerOf(root?.pid ?? 0)).toBe(0);
    expect(await sandbox.kill(recordOf(agentId, root), atOnce())).toMatchObject({ outcome: 'dead' });
    expect(isRunning(root)).toBe(false);
  });

  test('it counts what it may not read, and says so where it is asked how it is', async () => {
    const sandbox = await openElsewhere(asUser);
    await startProcess({ agentId: newId() });
    const { unread = 0, blind } = await sandbox.scan();
    expect(unread).toBeGreaterThanOrEqual(4);
    expect(blind).toBeUndefined();
    expect(await sandbox.probe()).toEqual({
      name: 'process',
      ok: false,
      aside: true,
      detail: expect.stringMatching(
        /^by \/proc; \d+ processes on this host may not be read by this user; an agent among them .* CAP_SYS_PTRACE/,
      ),
    });
  });

  test('it fails where it may read an agent and not signal it, and says what would help', async () => {
    const caps = ['inh', 'ambient'].map(set => `--${set}-caps=+sys_ptrace,+dac_read_search`);
    const sandbox = await openElsewhere([...asUser, ...caps]);
    const agentId = newId();
    const agent = await startProcess({ agentId });
    const outcome = await sandbox.kill(recordOf(agentId, agent), atOnce());
    expect(outcome).toMatchObject({ outcome: 'failed', detail: expect.stringContaining(MEND) });
    expect(agent.pids()).toHaveLength(4);
  });

  test.each([
    ['hidden altogether', 'hidepid=2'],
    ['shown to those alone who may trace them', 'hidepid=4'],
  ])('it is blind where the processes of others are %s', async (_, options) => {
    const sandbox = await openElsewhere(withProc(options, asUser));
    const agentId = newId();
    const agent = await startProcess({ agentId });
    const hidden = 'the processes of other users are hidden from this one (hidepid of /proc)';
    expect(await sandbox.kill(recordOf(agentId, agent), atOnce())).toEqual({
      ...about(recordOf(agentId, agent)),
      outcome: 'blind',
      detail: `${hidden}; something runs under the recorded PID, and it may still be the agent: ${MEND}`,
    });
    expect(await sandbox.kill(recordOf(newId()), atOnce())).toEqual({
      ...about(recordOf(newId())),
      outcome: 'notFound',
      detail: hidden,
    });
    expect(await sandbox.scan()).toEqual({ seen: [], blind: hidden });
    expect(await sandbox.probe()).toMatchObject({ ok: false, detail: expect.stringContaining(hidden) });
    expect(agent.pids()).toHaveLength(4);
    const own = await startProcess({ agentId, user: USER });
    expect(await sandbox.kill(recordOf(agentId, own), atOnce())).toMatchObject({ outcome: 'dead' });
    expect(await sandbox.kill(recordOf(agentId, own), atOnce())).toMatchObject({ outcome: 'alreadyGone' });
  });

  test('it is blind where nothing but the PIDs of others is shown', async () => {
    const sandbox = await openElsewhere(withProc('hidepid=1', asUser));
    const agentId = newId();
    const agent = await startProcess({ agentId });
    expect(await sandbox.kill(recordOf(agentId, agent), atOnce())).toEqual(unreadable);
    expect((await sandbox.scan()).unread).toBeGreaterThanOrEqual(4);
    expect(agent.pids()).toHaveLength(4);
  });

  test('it is not blind where its group may see the processes of others', async () => {
    const command = ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--groups=4242'];
    const sandbox = await openElsewhere(withProc('hidepid=2,gid=4242', command));
    expect(await sandbox.scan()).toMatchObject({ unread: expect.any(Number) });
    expect((await sandbox.scan()).blind).toBeUndefined();
  });
});

describe.runIf(canBeUser)('In a PID namespace of its own', () => {
  const inside = ['unshare', '--pid', '--fork', '--mount-proc', 'sh', '-c', '"$@"; exit', 'sh'];

  test('it is blind to a recorded process of the host', async () => {
    const sandbox = await openElsewhere(inside);
    const agentId = newId();
    const agent = await startProcess({ agentId });
    expect(await sandbox.kill(recordOf(agentId, agent), atOnce())).toEqual({
      ...about(recordOf(agentId, agent)),
      outcome: 'blind',
      detail: expect.stringContaining('is not of this PID namespace'),
    });
    expect(agent.pids()).toHaveLength(4);
  });
});
