import fc from 'fast-check';
import { expect, it } from 'vitest';
import { stripInvisible } from '../../../lib/util/strip-invisible.js';

it('leaves nothing that hides, reorders or breaks a line', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\u202e', '\u200b', '\ud800', '\ue000')),
      text => void expect(stripInvisible(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u),
    ),
  );
});

it('leaves every letter, and a space for a control', () => {
  expect(stripInvisible('Ağent 東京 🙂\ttab\r\nline\u2028end')).toBe('Ağent 東京 🙂 tab line end');
  expect(stripInvisible('w\u200bw\u00adw')).toBe('www');
});
