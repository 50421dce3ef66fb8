import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { createProcesses } from '../../lib/adapters/process/index.js';
import { isAlive, startTimeOf } from '../services/agents.js';
import { RUN_MARK } from '../services/context.js';
import { allProcesses, readOf, signal } from '../services/proc.js';
import { atOnce, newId, type Running, recordOf, run, silent } from './process.helper.js';

const hasTmux = spawnSync('tmux', ['-V']).status === 0;
const isRunning = ({ pid, startTime }: Running): boolean => isAlive(pid, startTime);
const running = (pid: number): Running => ({ pid, startTime: startTimeOf(pid) ?? '' });

interface Tmux {
  readonly server: Running;
  /** Runs a command in a window of its own. */
  open(command: string, variables?: Readonly<Record<string, string>>): Promise<Running>;
  /** The first process of each window. */
  panes(): readonly number[];
}

/** Starts a tmux server of its own whose first client, and so the server, carries an agent's ID. */
async function startTmux(agentId: string | undefined, command = 'sleep 1000'): Promise<Tmux> {
  const socket = `killswitch-${randomUUID()}`;
  const env = {
    PATH: process.env['PATH'],
    TERM: 'xterm',
    SHELL: '/bin/bash',
    [RUN_MARK]: basename(inject('runFolder')),
  };
  const tmux = (args: readonly string[], more: object = {}): string =>
    execFileSync('tmux', ['-L', socket, '-f', '/dev/null', ...args], {
      encoding: 'utf8',
      env: { ...env, ...more },
    }).trim();
  const stay = [';', 'set-option', '-s', 'exit-empty', 'off'];
  tmux(
    ['new-session', '-d', command, ...stay],
    agentId === undefined ? {} : { KILLSWITCH_AGENT_ID: agentId },
  );
  const server = running(Number(tmux(['display-message', '-p', '#{pid}'])));
  const panes = (): number[] => tmux(['list-panes', '-a', '-F', '#{pane_pid}']).split('\n').map(Number);
  onTestFinished(() => {
    const all = allProcesses();
    const born = (parents: readonly number[]): number[] =>
      all.filter(({ parent }) => parents.includes(parent)).map(({ pid }) => pid);
    const inPanes = born([server.pid]);
    for (const pid of [...born(inPanes), ...inPanes, server.pid]) signal(pid, startTimeOf(pid), 'SIGKILL');
  });
  return {
    server,
    panes,
    async open(line, variables = {}) {
      const assigned = Object.entries(variables).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
      const pid = Number(tmux(['new-window', '-d', '-P', '-F', '#{pane_pid}', ...assigned, line]));
      await expect.poll(() => readOf(pid, 'cmdline').split('\0')[0]).toMatch(/^(sleep|-bash)$/);
      return running(pid);
    },
  };
}

describe.runIf(hasTmux)('A tmux server that inherited the variable of an agent', () => {
  const sandbox = createProcesses({ log: silent });

  test('lives on with the agent of another window when its own agent is killed', async () => {
    const [first, second] = [newId(), newId()];
    const { server, panes, open } = await startTmux(first);
    const own = running(panes()[0] ?? 0);
    const other = await open('sleep 1001', { KILLSWITCH_AGENT_ID: second });
    expect(readOf(server.pid, 'environ')).toContain(first);
    const outcome = await sandbox.kill(recordOf(first, own), atOnce());
    expect(outcome).toMatchObject({
      outcome: 'dead',
      detail: expect.stringContaining(
        `left alone because it only inherited the variable: PID ${server.pid} (tmux: server)`,
      ),
    });
    expect([own, server, other].map(isRunning)).toEqual([false, true, true]);
    expect(await sandbox.kill(recordOf(second, other), atOnce())).toMatchObject({ outcome: 'dead' });
    expect([server, other].map(isRunning)).toEqual([true, false]);
  });

  test('lives on also if nothing is recorded, and is not seen as the agent', async () => {
    const agentId = newId();
    const { server, panes } = await startTmux(agentId);
    const own = running(panes()[0] ?? 0);
    const seen = async () =>
      (await sandbox.scan()).seen.flatMap(one =>
        one.agentId === agentId ? [Number.parseInt(one.id, 10)] : [],
      );
    await expect.poll(seen).toEqual([own.pid]);
    expect(await sandbox.kill(recordOf(agentId), atOnce())).toMatchObject({ outcome: 'dead' });
    expect([own, server].map(isRunning)).toEqual([false, true]);
    expect(await seen()).toEqual([]);
  });

  test('keeps the login shell of another window, from which another agent was started', async () => {
    const [first, second] = [newId(), newId()];
    const { server, panes, open } = await startTmux(first);
    const own = running(panes()[0] ?? 0);
    const line = `KILLSWITCH_AGENT_ID=${second} sh -c "sleep 1002; :" & wait`;
    const shell = await open(`exec -a -bash bash -c '${line}'`);
    const started = () => allProcesses().find(({ parent }) => parent === shell.pid);
    await expect.poll(() => readOf(started()?.pid ?? 0, 'environ')).toContain(second);
    const agent = running(started()?.pid ?? 0);
    expect(readOf(shell.pid, 'environ')).toContain(first);
    expect(await sandbox.kill(recordOf(first, own), atOnce())).toMatchObject({ outcome: 'dead' });
    expect([own, server, shell, agent].map(isRunning)).toEqual([false, true, true, true]);
  });

  test('is the agent’s and dies with it where the agent started it', async () => {
    const agentId = newId();
    const socket = `killswitch-${randomUUID()}`;
    const tmux = `tmux -L ${socket} -f /dev/null`;
    const script = `echo root $$; ${tmux} new-session -d 'env -i sleep 1003'; echo server $(${tmux} display-message -p '#{pid}'); while :; do sleep 0.05; done`;
    const { root, server } = await run(script, { agentId, says: ['root', 'server'] });
    const pane = () => allProcesses().find(({ parent }) => parent === server?.pid);
    await expect.poll(() => readOf(pane()?.pid ?? 0, 'cmdline')).toContain('1003');
    const scrubbed = running(pane()?.pid ?? 0);
    expect(await sandbox.kill(recordOf(agentId, root), atOnce())).toMatchObject({ outcome: 'dead' });
    expect([root, server, scrubbed].map(one => one && isRunning(one))).toEqual([false, false, false]);
  });

  test('is shared where the agent started it and another agent runs in it, until that one is killed', async () => {
    const [agentId, other] = [newId(), newId()];
    const socket = `killswitch-${randomUUID()}`;
    const tmux = `tmux -L ${socket} -f /dev/null`;
    const script = `echo root $$; ${tmux} new-session -d -e KILLSWITCH_AGENT_ID=${other} 'sleep 1004'; echo server $(${tmux} display-message -p '#{pid}'); while :; do sleep 0.05; done`;
    const { root, server } = await run(script, { agentId, says: ['root', 'server'] });
    const pid = server?.pid ?? 0;
    const pane = () => allProcesses().find(({ parent }) => parent === pid);
    await expect.poll(() => readOf(pane()?.pid ?? 0, 'environ')).toContain(other);
    expect(await sandbox.kill(recordOf(agentId, root), atOnce())).toMatchObject({
      outcome: 'pending',
      detail: `shared with ${other}, and left alive for it: PID ${pid}`,
    });
    expect(root && isRunning(root)).toBe(false);
    expect(server && isRunning(server)).toBe(true);
    expect(readOf(pid, 'stat')).not.toMatch(/\) T /);
    await Promise.all([
      sandbox.kill(recordOf(agentId, root), atOnce()),
      sandbox.kill(recordOf(other), atOnce()),
    ]);
    expect(await sandbox.kill(recordOf(agentId, root), atOnce())).toMatchObject({ outcome: 'alreadyGone' });
    expect(server && isRunning(server)).toBe(false);
  });
});
