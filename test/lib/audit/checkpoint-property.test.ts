import fc from 'fast-check';
import { expect, it } from 'vitest';
import { auditKeys } from '../../../lib/adapters/state/seal/index.js';
import { type Checkpoint, encodeCheckpoint, readCheckpoint } from '../../../lib/audit/checkpoint.js';

const keys = auditKeys(['a secret of the tests, long enough to sign with']);
const position = fc.stringMatching(/^\d{1,10}(-\d{1,3})?$/);
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => keys.digest(bytes));
const checkpoints: fc.Arbitrary<Checkpoint> = fc.record({
  number: fc.integer({ min: 1 }),
  previous: fc.oneof(fc.constant(''), digest),
  from: position,
  to: position,
  entries: fc.array(fc.record({ position, digest }), { maxLength: 5 }),
  at: fc
    .date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') })
    .map(at => at.toISOString()),
});

it('a checkpoint is read as it was written', () => {
  fc.assert(
    fc.property(checkpoints, checkpoint => {
      expect(readCheckpoint(encodeCheckpoint(checkpoint, keys), keys)).toEqual({ trust: 'good', checkpoint });
    }),
  );
});

it('a checkpoint with any one character changed is not believed', () => {
  // Also near the end, where bits of the signature's digits mean nothing.
  const places = fc.oneof(fc.nat(), fc.constantFrom(-5, -4, -3));
  const characters = fc.mixedCase(fc.constantFrom(...'0123456789abcdefghijklmnopqrstuvwxyz+/=-_ "\\:\0é'));
  fc.assert(
    fc.property(checkpoints, places, characters, (checkpoint, at, character) => {
      const text = encodeCheckpoint(checkpoint, keys);
      const place = at < 0 ? text.length + at : at % text.length;
      fc.pre(text[place] !== character);
      const changed = text.slice(0, place) + character + text.slice(place + 1);
      expect(readCheckpoint(changed, keys).trust).not.toBe('good');
    }),
    { numRuns: 300 },
  );
});

it('a checkpoint is believed by its own key alone', () => {
  const others = auditKeys(['another secret of the tests, long enough too']);
  fc.assert(
    fc.property(checkpoints, checkpoint => {
      const text = encodeCheckpoint(checkpoint, keys);
      expect(readCheckpoint(text, others)).toEqual({ trust: 'unknown', key: keys.id });
      const renamed = text.replace(keys.id, others.id);
      expect(readCheckpoint(renamed, others)).toEqual({ trust: 'bad' });
    }),
  );
});

it('whatever stands in the place of a checkpoint is none, and breaks nothing', () => {
  const signed = fc.json().map(body => JSON.stringify({ body, signature: keys.sign(body) }));
  const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), signed, fc.constantFrom(null, undefined));
  fc.assert(
    fc.property(texts, text => {
      expect(readCheckpoint(text, keys)).toEqual({ trust: 'foreign' });
    }),
  );
});
