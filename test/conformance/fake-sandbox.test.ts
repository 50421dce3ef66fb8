import { describe, expect, test } from 'vitest';
import { sandboxKinds } from '../../lib/domain/sandbox.js';
import type { KillOptions } from '../../lib/ports/sandbox.js';
import { fakeSandbox } from '../fakes/sandbox.js';
import { sandboxConformance } from './sandbox.js';
import { scannerConformance } from './scanner.js';

for (const kind of sandboxKinds) {
  const open = async () => {
    const sandbox = fakeSandbox({ kind });
    return {
      sandbox,
      spawn: async (...[agentId, options]: Parameters<typeof sandbox.spawn>) =>
        sandbox.spawn(agentId, options),
      close: async () => undefined,
    };
  };
  sandboxConformance(`The fake ${kind}`, open, { canHide: true });
  scannerConformance(`The fake ${kind}`, open);
}

const never = new AbortController().signal;
const options: KillOptions = { graceMs: 0, deadline: never };

/** What a promise has come to once everything that is due now has happened. */
async function stateOf(promise: Promise<unknown>): Promise<'settled' | 'pending'> {
  const settled = promise.then(
    () => 'settled' as const,
    () => 'settled' as const,
  );
  const later = new Promise<'pending'>(resolve => setImmediate(() => resolve('pending')));
  return Promise.race([settled, later]);
}

describe('The fake sandbox goes wrong on demand', () => {
  test('throws and leaves the agent running', async () => {
    const sandbox = fakeSandbox();
    const agent = sandbox.spawn('a1');
    sandbox.inject('kill', 'throws');
    await expect(sandbox.kill(agent.target, options)).rejects.toThrow();
    expect(await agent.isRunning()).toBe(true);
    expect(await sandbox.kill(agent.target, options)).toMatchObject({ outcome: 'dead' });
  });

  test('hangs, also when its deadline is over', async () => {
    const sandbox = fakeSandbox();
    const agent = sandbox.spawn('a1');
    sandbox.inject('remove', 'hangs');
    expect(await stateOf(sandbox.remove(agent.target, AbortSignal.abort()))).toBe('pending');
  });

  test('answers late, though the work was done at once', async () => {
    const sandbox = fakeSandbox();
    const agent = sandbox.spawn('a1');
    sandbox.inject('kill', 'late');
    const killed = sandbox.kill(agent.target, options);
    expect(await stateOf(killed)).toBe('pending');
    expect(await agent.isRunning()).toBe(false);
    sandbox.release();
    expect(await killed).toMatchObject({ outcome: 'dead' });
  });

  test('loses the agent just before', async () => {
    const sandbox = fakeSandbox();
    const agent = sandbox.spawn('a1');
    sandbox.inject('kill', 'gone');
    expect(await sandbox.kill(agent.target, options)).toMatchObject({ outcome: 'alreadyGone' });
  });

  test('gets the call twice', async () => {
    const sandbox = fakeSandbox();
    const agent = sandbox.spawn('a1');
    sandbox.inject('remove', 'duplicate');
    expect(await sandbox.remove(agent.target, never)).toMatchObject({ outcome: 'alreadyGone' });
  });

  test('lies about what it did', async () => {
    const sandbox = fakeSandbox();
    const agent = sandbox.spawn('a1');
    sandbox.inject('kill', 'lies');
    expect(await sandbox.kill(agent.target, options)).toMatchObject({ outcome: 'dead' });
    expect(await agent.isRunning()).toBe(true);
  });

  test('only for the agent and as often as it was told', async () => {
    const sandbox = fakeSandbox();
    const [one, other] = [sandbox.spawn('a1'), sandbox.spawn('a2')];
    sandbox.inject('kill', 'throws', { agentId: 'a1', times: 2 });
    expect(await sandbox.kill(other.target, options)).toMatchObject({ outcome: 'dead' });
    await expect(sandbox.kill(one.target, options)).rejects.toThrow();
    await expect(sandbox.kill(one.target, options)).rejects.toThrow();
    expect(await sandbox.kill(one.target, options)).toMatchObject({ outcome: 'dead' });
    expect(sandbox.calls.map(({ agentId }) => agentId)).toEqual(['a2', 'a1', 'a1', 'a1']);
  });

  test('is unwell when it is asked how it is', async () => {
    const sandbox = fakeSandbox();
    sandbox.inject('probe', 'throws');
    await expect(sandbox.probe()).rejects.toThrow();
    expect(await sandbox.probe()).toMatchObject({ ok: true });
  });
});
