import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { follow, type Started } from '../../functions/cli/run/agent.js';
import { after } from '../../functions/cli/run/max-age.js';
import { startOnHost } from '../../functions/cli/run/on-host.js';
import { memberOf, newAgentId } from '../../functions/cli/run/plan.js';
import { refusalOf } from '../../functions/cli/run/refusal.js';
import type { Registry } from '../../functions/cli/run/registry.js';
import { scopeFor } from '../../functions/cli/run/scope.js';
import { openSignals } from '../../functions/cli/run/signals.js';
import { supervise } from '../../functions/cli/run/supervise.js';
import { branchOf } from '../../functions/cli/run/worktree.js';
import { environmentsOf } from '../../functions/server/run-host.js';
import { AGENT_ID } from '../../lib/domain/agent.js';
import { KillswitchError } from '../../lib/domain/errors.js';
import type { Enclosures } from '../../lib/ports/enclosure.js';
import { temporaryDirectory } from '../services/temporary.js';

describe('the ID of an agent without one', () => {
  it.each([
    ['/usr/bin/claude', /^claude-[0-9a-f]{6}$/],
    ['./-my agent', /^my-agent-[0-9a-f]{6}$/],
    ['日本', /^agent-[0-9a-f]{6}$/],
    ['x'.repeat(300), /^x{100}-[0-9a-f]{6}$/],
  ])('comes from the command: %s', (command, wanted) => {
    expect(newAgentId(command)).toMatch(wanted);
    expect(newAgentId(command)).toMatch(AGENT_ID);
    expect(newAgentId(command)).not.toBe(newAgentId(command));
  });

  it('makes a name that a branch may have', () => {
    expect(['a1', 'a..b:c', 'x.lock'].map(branchOf)).toEqual([
      ...['killswitch/a1', 'killswitch/a-b-c', 'killswitch/x-lock'],
    ]);
  });
});

it('registers what was asked for, and when it is too old', () => {
  const at = { host: 'h1', now: 0 };
  expect(memberOf({}, at)).toEqual({ host: 'h1' });
  expect(memberOf({ task: 't1', label: { a: 'b' }, maxAge: { ms: 60_000, text: '1m' } }, at)).toEqual({
    host: 'h1',
    taskId: 't1',
    labels: { a: 'b' },
    expiresAt: '1970-01-01T00:01:00.000Z',
  });
});

it('keeps the credentials of killswitch from an agent, and gives Docker the engine of the file', () => {
  const given = { PATH: '/bin', KILLSWITCH_SECRET: 'x', KILLSWITCH_TOKEN_FILE: '/x', MY_TOKEN: 'mine' };
  const { environment, dockerEnvironment } = environmentsOf(given, {
    ...given,
    ...{ DOCKER_HOST: 'unix:///x', KILLSWITCH_AUDIT_KEY: 'x' },
  });
  expect(environment).toEqual({ PATH: '/bin', MY_TOKEN: 'mine' });
  expect(dockerEnvironment).toEqual({ ...environment, DOCKER_HOST: 'unix:///x' });
});

it('waits longer than a timer can', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const [acted, cancelled] = [vi.fn(), vi.fn()];
  const month = 30 * 86_400_000;
  after(month, acted);
  const cancel = after(month, cancelled);
  vi.advanceTimersByTime(month - 1);
  expect(acted).not.toHaveBeenCalled();
  cancel();
  vi.advanceTimersByTime(1);
  expect([acted.mock.calls.length, cancelled.mock.calls.length]).toEqual([1, 0]);
});

describe('a scope of systemd', () => {
  function systemd(code: number) {
    const folder = temporaryDirectory();
    const [program, booted] = [join(folder, 'systemd-run'), join(folder, 'booted')];
    writeFileSync(program, `#!/bin/sh\necho "$@" > ${folder}/asked\nexit ${code}\n`);
    chmodSync(program, 0o755);
    mkdirSync(booted);
    return { programs: ['/nonexistent/systemd-run', program], booted, program };
  }

  it('is asked for with the words before the command, where a trial of it works', () => {
    const { program, ...found } = systemd(0);
    const words = ['--scope', '--quiet', '--collect', '--property=Delegate=yes', '--'];
    expect(scopeFor({ ...found, isRoot: false })).toEqual([program, '--user', ...words]);
    expect(scopeFor({ ...found, isRoot: true })).toEqual([program, ...words]);
  });

  it('is none where systemd is not the init system, is not there, or refuses', () => {
    const { program: _, ...found } = systemd(0);
    expect(scopeFor({ ...found, booted: '/nonexistent' })).toBeUndefined();
    expect(scopeFor({ ...found, programs: ['/nonexistent'] })).toBeUndefined();
    const { program: __, ...refusing } = systemd(1);
    expect(scopeFor(refusing)).toBeUndefined();
  });
});

describe('a command on a host without cgroups of its own', () => {
  const without: Enclosures = {
    enclose: async () => ({ enclosed: false, why: 'none' }),
    spawnInside: (_, start) => ({ born: start(), enclosing: { enclosed: false, why: 'no rights' } }),
    find: () => undefined,
    agentIds: () => [],
    tidy: () => undefined,
    probe: async () => ({ name: 'enclosing', ok: false }),
  };
  const options = { agentId: 'a1', cwd: undefined, env: {}, enclosures: without };

  it('is started all the same, and what is lost is known', async () => {
    const lookAt = async () => ({ startTime: 'Mon Nov 30' });
    const started = await startOnHost(['/bin/true'], { ...options, lookAt, scope: () => undefined });
    expect(started.weakness).toBe(
      'has no cgroup of its own (no rights): a daemon that clears its environment may escape a kill',
    );
    expect([started.change, started.left()]).toEqual([undefined, []]);
    expect(await started.exit).toEqual([0, null]);
  });

  it('is started in a scope of systemd where there is one', async () => {
    const lookAt = async () => ({ startTime: '42' });
    const scope = () => ['/usr/bin/env', '--'];
    const started = await startOnHost(['/bin/sh', '-c', 'exit 3'], { ...options, lookAt, scope });
    expect(started.weakness).toBeUndefined();
    expect(started.change).toEqual({ process: { pid: started.child.pid, startTime: '42' } });
    expect(await started.exit).toEqual([3, null]);
  });
});

function registry(changes: readonly (KillswitchError | undefined)[], more: Partial<Registry> = {}) {
  const asked: unknown[] = [];
  const left = [...changes];
  const fake: Registry = {
    register: async () => undefined,
    async change(change) {
      asked.push(change);
      const error = left.shift();
      if (error) throw error;
    },
    record: async () => ({ agentId: 'a1' }),
    latch: async () => ({ engaged: false }),
    kill: async () => undefined,
    ...more,
  };
  return { fake, asked };
}

describe('the supervision of a command', () => {
  function start(command: string): Started {
    const child = spawn('/bin/sh', ['-c', command], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    return {
      ...follow(child),
      left: () => [],
      kill: () => void child.kill('SIGKILL'),
      close: async () => undefined,
    };
  }
  async function supervised(started: Started, { fake }: ReturnType<typeof registry>, options = {}) {
    const said: string[] = [];
    const signals = openSignals({
      ...{ hasTerminal: false, lookAt: async () => undefined, isHeld: async () => false },
    });
    const parts = { agentId: 'a1', words: ['x'], options, registry: fake, signals };
    const code = await supervise(started, { ...parts, say: line => said.push(line) });
    signals.close();
    return { code, said };
  }
  const error = (code: 'latched' | 'tombstoned' | 'store_unavailable') => new KillswitchError(code);

  it('records that it runs and how it ended', async () => {
    const known = registry([]);
    expect(await supervised(start('exit 4'), known)).toEqual({ code: 4, said: [] });
    expect(known.asked).toEqual([{ status: 'running' }, { status: 'failed' }]);
  });

  it('kills it where the emergency stop was engaged while it was started', async () => {
    const known = registry([error('latched')]);
    const { code, said } = await supervised(start('exec sleep 100000'), known);
    expect([code, said]).toEqual([1, [expect.stringMatching(/^a1 was not started: .*is engaged/)]]);
  });

  it('kills it where it was killed while it was started, and says only that', async () => {
    const known = registry([error('tombstoned'), error('tombstoned')]);
    const { code, said } = await supervised(start('exec sleep 100000'), known);
    expect([code, said]).toEqual([137, ['a1 was killed.']]);
  });

  it('lets it run where the store is gone, and says so', async () => {
    const known = registry([error('store_unavailable'), error('store_unavailable')]);
    const { code, said } = await supervised(start('exit 0'), known);
    expect(code).toBe(0);
    expect(said).toEqual([
      'That a1 runs could not be recorded: The store does not answer.',
      'That a1 completed could not be recorded, so it may still be listed as running: The store does not answer.',
    ]);
  });

  it('kills it at its age by itself where that cannot be asked for', async () => {
    const known = registry([], { kill: async () => Promise.reject(new Error('no server')) });
    const options = { maxAge: { ms: 1, text: '1s' } };
    const { code, said } = await supervised(start('exec sleep 100000'), known, options);
    expect([code, said]).toEqual([137, ['a1 is older than 1s and is killed from here: no server.']]);
  });

  it('says that it goes on where it was only left', async () => {
    const known = registry([]);
    const left = { ...start('exit 0'), ended: async () => false };
    const { code, said } = await supervised(left, known, { container: 'x' });
    expect([code, known.asked]).toEqual([0, []]);
    expect(said).toEqual(['a1 goes on in its container. To stop it: killswitch kill a1']);
  });
});

it.each([
  ['agent_exists', 'is registered already. Give this one another --id'],
  ['tombstoned', 'was killed, and stays dead. Give the work another --id'],
  ['unauthenticated', 'set KILLSWITCH_TOKEN'],
  ['forbidden', 'The credential does not allow this'],
] as const)('says what to do about %s', async (code, wanted) => {
  const refusal = await refusalOf(new KillswitchError(code), 'a1', registry([]).fake);
  expect(refusal.message).toMatch(/^a1 was not started: /);
  expect(refusal.message).toContain(wanted);
});
