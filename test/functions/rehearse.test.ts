import { describe, expect, it } from 'vitest';
import { catalogue } from '../../functions/catalogue.js';
import { kill } from '../../functions/kill.js';
import { createRehearsals } from '../../functions/server/rehearse.js';
import { openTokens } from '../../lib/adapters/jose/tokens.js';
import { openApp } from './bench.js';

/** Of a process that has just been started. */
const FIRST_RUNS = 30;
const secret = 'a secret of the tests, long enough for HS256';
const audience = 'killswitch';

/** Runs the first rehearsals of a process. */
async function rehearsed(
  bed: ReturnType<typeof openApp>,
  { functions = catalogue, config = { audience } as Parameters<typeof createRehearsals>[2] } = {},
): Promise<number> {
  const rehearsals = createRehearsals(bed.deps, functions, config);
  rehearsals.start();
  await expect.poll(() => bed.containers.calls.length).toBe(FIRST_RUNS);
  await rehearsals.close();
  return bed.containers.calls.length;
}

describe('the rehearsals of a server', () => {
  it('go through the route and the check of the token, and are counted, logged and stored nowhere', async () => {
    let answered = 0;
    const bed = openApp();
    const { clock, log, metrics } = bed.deps;
    const tokens = await openTokens({
      ...{ secret, audience, log },
      clock: { ...clock, monotonic: bed.clock.monotonic, now: () => Date.now() },
      markUsed: async () => 'first',
    });
    let actors = 0;
    const authenticator = {
      ...tokens,
      authenticate: async (...shown: Parameters<typeof tokens.authenticate>) => {
        const actor = await tokens.authenticate(...shown);
        actors++;
        return actor;
      },
    };
    const counted = { ...metrics, answered: () => void answered++ };
    const deps = { ...bed.deps, authenticator, metrics: counted };
    await rehearsed({ ...bed, deps }, { config: { secret, audience } });
    expect([actors, answered, bed.log.lines]).toEqual([FIRST_RUNS, 0, []]);
    expect(bed.store.memory).toMatchObject({ documents: new Map(), audit: [], debts: new Map() });
    expect(new Set(bed.containers.calls.map(({ method }) => method))).toEqual(new Set(['kill']));
  });

  it('need no secret, and no function that kills', async () => {
    expect(await rehearsed(openApp(), { functions: [kill] })).toBe(FIRST_RUNS);
    expect(await rehearsed(openApp(), { functions: [] })).toBe(FIRST_RUNS);
  });

  it('are not repeated while something hangs, or once the server is to end', async () => {
    const slow = openApp();
    const { kill: killNow } = slow.containers;
    slow.containers.kill = (...asked) => {
      slow.clock.advance(1_500);
      return killNow(...asked);
    };
    const hanging = createRehearsals(slow.deps, catalogue, {
      audience,
    } as never);
    hanging.start();
    await expect.poll(() => slow.containers.calls.length).toBe(1);
    await hanging.close();
    const ending = openApp();
    ending.closing.abort();
    const rehearsals = createRehearsals(ending.deps, catalogue, {
      audience,
    } as never);
    rehearsals.start();
    await rehearsals.close();
    expect([slow.containers.calls.length, ending.containers.calls.length]).toEqual([1, 0]);
  });

  it('that go wrong are told, and end nothing', async () => {
    const bed = openApp();
    const authenticator = { ...bed.deps.authenticator };
    const config = { secret: 'short', audience };
    const rehearsals = createRehearsals({ ...bed.deps, authenticator }, catalogue, config);
    rehearsals.start();
    await expect.poll(() => bed.log.lines.length).toBe(1);
    await rehearsals.close();
    expect(bed.log.lines).toMatchObject([
      { message: 'a rehearsal of a kill failed; the next kill may be slower' },
    ]);
  });
});
