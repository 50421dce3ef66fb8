import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderKeys } from '../../../lib/adapters/state/seal/index.js';
import { readSigned, signText } from '../../../lib/store/signed-text.js';
import { signing, strangers } from '../../fakes/signing.js';

const text = JSON.stringify({ operationId: 'op-1', at: 'now' });
const signed = signText(signing, 'tombstone', 'a1', text);

describe('a signed text', () => {
  it('is read as it was, whatever it says', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), fc.string(), (value, id) => {
        const one = JSON.stringify(value);
        const written = signText(signing, 'intent', id, one);
        expect(() => JSON.parse(written)).not.toThrow();
        expect(readSigned(signing, 'intent', id, written)).toEqual({ text: one, isOurs: true });
      }),
    );
  });

  it('counts with the one kind, the one ID and the one text alone', () => {
    expect(readSigned(signing, 'tombstone', 'a1', signed)).toEqual({ text, isOurs: true });
    for (const [kind, id, raw] of [
      ['latch', 'a1', signed],
      ['tombstone', 'a2', signed],
      ['tombstone', 'a1', signed.replace('op-1', 'op-2')],
      ['tombstone', 'a1', text],
      ['tombstone', 'a1', signText(strangers, 'tombstone', 'a1', text)],
      ['tombstone', 'a1', `${signed} `],
    ] as const) {
      expect(readSigned(signing, kind, id, raw).isOurs).toBe(false);
    }
  });

  it('counts by an earlier secret, which signs no more', () => {
    const both = {
      orderKeys: orderKeys(['a new secret of at least 32 bytes', 'a secret of 32 bytes for the tests']),
    };
    expect(readSigned(both, 'tombstone', 'a1', signed).isOurs).toBe(true);
    expect(readSigned(signing, 'tombstone', 'a1', signText(both, 'tombstone', 'a1', text)).isOurs).toBe(
      false,
    );
  });

  it('is not signed without a key, and then counts as unsigned', () => {
    expect(signText({}, 'tombstone', 'a1', text)).toBe(text);
    expect(readSigned({}, 'tombstone', 'a1', signed)).toEqual({ text, isOurs: false });
  });
});
