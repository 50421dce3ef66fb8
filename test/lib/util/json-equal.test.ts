import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSameJson } from '../../../lib/util/json-equal.js';

describe('two JSON values', () => {
  it.each<[unknown, unknown, boolean]>([
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: { b: [1, { c: null }] } }, { a: { b: [1, { c: null }] } }, true],
    [[1, 2], [2, 1], false],
    [[], {}, false],
    [null, {}, false],
    [{ a: 1 }, { a: 1, b: undefined }, false],
    [{ toString: 1 }, { b: 1 }, false],
    ['1', 1, false],
  ])('%j and %j say the same: %s', (one, other, same) => {
    expect(isSameJson(one, other)).toBe(same);
    expect(isSameJson(other, one)).toBe(same);
  });

  it('say the same after they were printed and read', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), value => {
        expect(isSameJson(JSON.parse(JSON.stringify(value)), JSON.parse(JSON.stringify(value)))).toBe(true);
      }),
    );
  });
});
