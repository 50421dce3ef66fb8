import { describe, expect, it } from 'vitest';
import { KillswitchError } from '../../../lib/domain/errors.js';
import type { LayerOutcome } from '../../../lib/domain/outcome.js';
import { attempt } from '../../../lib/stop/kill-agent.js';
import { fakeLog } from '../../fakes/log.js';

const LONG = 10_000;
const tryWith = (act: (deadline: AbortSignal) => Promise<LayerOutcome>, ms = LONG) => {
  const log = fakeLog();
  return { log, outcome: attempt({ log }, { layer: 'container' }, { agentId: 'a1' }, ms, act) };
};

describe('an attempt', () => {
  it('comes back with what the adapter saw', async () => {
    const seen: LayerOutcome = { layer: 'container', outcome: 'dead', detail: 'as asked' };
    const { log, outcome } = tryWith(async () => seen);
    expect(await outcome).toEqual(seen);
    expect(log.lines).toEqual([]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('/home/agent/secret');
      },
    ],
    ['rejects', () => Promise.reject(new Error('/home/agent/secret'))],
    ['rejects with nothing', () => Promise.reject(undefined)],
  ])('is failed when the adapter %s, and says nothing of the inside', async (_, act) => {
    const { log, outcome } = tryWith(act);
    expect(await outcome).toEqual({ layer: 'container', outcome: 'failed', detail: 'unexpected error' });
    expect(log.lines).toMatchObject([{ level: 'error', entry: { agentId: 'a1', layer: 'container' } }]);
  });

  it('says what an error that may be shown says', async () => {
    const { outcome } = tryWith(() => Promise.reject(new KillswitchError('internal', 'the engine is full')));
    expect(await outcome).toMatchObject({ outcome: 'failed', detail: 'the engine is full' });
  });

  it('is pending when the adapter hangs, and tells it that time is over', async () => {
    let signal: AbortSignal | undefined;
    const { outcome } = tryWith(deadline => {
      signal = deadline;
      return new Promise(() => undefined);
    }, 10);
    expect(await outcome).toEqual({ layer: 'container', outcome: 'pending', detail: 'no answer in time' });
    expect(signal?.aborted).toBe(true);
  });

  it('stays pending when the adapter gives up at its deadline', async () => {
    const { outcome } = tryWith(
      deadline =>
        new Promise((_, reject) => {
          deadline.addEventListener('abort', () => reject(new Error('aborted')));
        }),
      10,
    );
    expect(await outcome).toMatchObject({ outcome: 'pending' });
  });

  it('does not mind what a late adapter does', async () => {
    const { promise, fail } = later();
    const { log, outcome } = tryWith(() => promise, 10);
    expect(await outcome).toMatchObject({ outcome: 'pending' });
    fail(new Error('too late'));
    await expect.poll(() => log.lines.length).toBe(1);
  });

  it('leaves the signal of an adapter in time alone', async () => {
    let signal: AbortSignal | undefined;
    const { outcome } = tryWith(async deadline => {
      signal = deadline;
      return { layer: 'container', outcome: 'dead' };
    });
    await outcome;
    expect(signal?.aborted).toBe(false);
  });

  it('speaks of the layer it was for, whichever the adapter names', async () => {
    const { outcome } = tryWith(async () => ({ layer: 'worktree', outcome: 'pending' }));
    expect(await outcome).toEqual({ layer: 'container', outcome: 'pending' });
  });
});

function later() {
  let fail: (error: Error) => void = () => undefined;
  const promise = new Promise<LayerOutcome>((_, reject) => {
    fail = reject;
  });
  return { promise, fail };
}
