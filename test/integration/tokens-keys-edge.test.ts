import { beforeEach, describe, expect, it } from 'vitest';
import { createEdgeKeys, textSource } from '../../lib/adapters/jose/edge-keys.js';
import { urlSource } from '../../lib/adapters/jose/url-source.js';
import { createVerifier } from '../../lib/adapters/jose/verifier.js';
import {
  bearer,
  claimsWith,
  keySet,
  makeKey,
  type SigningKey,
  startProvider,
} from '../fakes/identity-provider.js';
import { fakeLog } from '../fakes/log.js';
import { afterFile } from '../services/registry.js';

let first: SigningKey;
let second: SigningKey;
beforeEach(async () => {
  first = await makeKey('ES256', 'first');
  second = await makeKey('ES256', 'second');
});

/** A verifier with no timer of its own, whose time is moved by hand. */
async function open(body: string) {
  const provider = await startProvider(body);
  afterFile(provider.die);
  const time = { monotonic: 0 };
  const clock = { now: () => Date.now(), monotonic: () => time.monotonic };
  const log = fakeLog();
  const keys = createEdgeKeys(urlSource(provider.url, fetch), { clock, log });
  const verifier = createVerifier({
    keys,
    audience: 'killswitch',
    markUsed: async () => 'first',
    clock,
    log: fakeLog(),
  });
  const isTaken = async (key: SigningKey): Promise<boolean> =>
    verifier.authenticate(await bearer(claimsWith(), key)).then(
      () => true,
      () => false,
    );
  return { provider, time, log, verifier, isTaken };
}

describe('a key set at the edge', () => {
  it('is fetched by the first request, and then kept', async () => {
    const { provider, isTaken } = await open(keySet(first));
    expect(provider.state.requests).toBe(0);
    const together = [isTaken(first), isTaken(first)];
    expect(await Promise.all(together)).toEqual([true, true]);
    const asked = provider.state.requests;
    expect(await isTaken(first)).toBe(true);
    expect(provider.state.requests).toBe(asked);
  });

  it('is looked at again after 10 minutes, and stays when no server answers', async () => {
    const { provider, time, isTaken, log, verifier } = await open(keySet(first));
    expect(await isTaken(first)).toBe(true);
    provider.state.body = keySet(second);
    time.monotonic += 600_000;
    expect([await isTaken(first), await isTaken(second)]).toEqual([false, true]);

    provider.state.status = 503;
    time.monotonic += 600_000;
    expect(await isTaken(second)).toBe(true);
    const detail = '1 public keys; the last refresh failed: the identity provider answers with status 503';
    expect(await verifier.probe()).toEqual({ name: 'tokens', ok: true, detail });
    expect(log.lines).toHaveLength(1);
    Object.assign(provider.state, { status: 200, body: keySet(first) });
    time.monotonic += 30_000;
    expect([await isTaken(first), await isTaken(second)]).toEqual([true, false]);
  });

  it('is fetched again for a key that is unknown, at most every 30 seconds', async () => {
    const { provider, time, isTaken } = await open(keySet(first));
    expect(await isTaken(first)).toBe(true);
    provider.state.body = keySet(first, second);
    for (let attempt = 0; attempt < 5; attempt++) expect(await isTaken(second)).toBe(false);
    expect(provider.state.requests).toBe(1);
    time.monotonic += 30_000;
    expect(await isTaken(second)).toBe(true);
    expect(provider.state.requests).toBe(2);
  });

  it('is asked for at most once a second while there is none', async () => {
    const { provider, time, isTaken, verifier } = await open('nonsense');
    expect(await isTaken(first)).toBe(false);
    expect(await isTaken(first)).toBe(false);
    expect(provider.state.requests).toBe(1);
    expect(await verifier.probe()).toMatchObject({
      ok: false,
      detail: 'no public keys; the last refresh failed: it is not JSON',
    });
    provider.state.body = keySet(first);
    time.monotonic += 1_000;
    expect(await isTaken(first)).toBe(true);
  });

  it('may stand in the configuration', async () => {
    const clock = { now: () => Date.now(), monotonic: () => 0 };
    const keys = createEdgeKeys(textSource(keySet(first)), { clock, log: fakeLog() });
    expect(await keys.health()).toEqual({ ok: true, detail: '1 public keys' });
    const broken = createEdgeKeys(textSource('{"keys":[]}'), { clock, log: fakeLog() });
    expect(await broken.health()).toMatchObject({ ok: false });
  });
});
