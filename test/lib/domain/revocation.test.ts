import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  bothOf,
  endLine,
  entriesIn,
  isWhole,
  missingIn,
  parseRevocations,
  revocationLine,
  revokedBy,
} from '../../../lib/domain/revocation.js';

it('reads a line each, and passes over empty lines, comments and the ways in which lines end', () => {
  const text = '\ufeff# why\r\n\r\njti a-1\nsub  John Smith \n  # more\nsub\tmallory@example.org\njti a-1';
  expect(parseRevocations(text)).toEqual({
    jti: new Set(['a-1']),
    sub: new Set(['John Smith', 'mallory@example.org']),
  });
  expect(parseRevocations('')).toEqual({ jti: new Set(), sub: new Set() });
});

it.each([
  ['a word that is no claim', 'subject mallory'],
  ['no value', 'sub'],
  ['nothing but blanks for a value', 'sub   '],
  ['an indented line', ' sub mallory'],
  ['JSON', '{"jti":[],"sub":["mallory"]}'],
  ['a control character', 'sub mal\u0000lory'],
  ['a value longer than any claim', `jti ${'x'.repeat(257)}`],
  ['text that is cut off', 'su'],
])('takes nothing of a list with %s, and says in which line it is', (_, line) => {
  expect(parseRevocations(`jti good\n${line}\nsub good\n`)).toEqual({
    problem: 'line 2 is neither "jti <id>" nor "sub <subject>"',
  });
});

it('reads how many lines have come before its end, and takes nothing of a list that lacks some', () => {
  const lines = ['jti a', 'jti a', '# why', 'sub b'];
  const text = [...lines, '# end 3'].join('\n');
  expect(parseRevocations(text)).toEqual({ jti: new Set(['a']), sub: new Set(['b']) });
  expect([isWhole(text), isWhole(`${text}\n\n`), isWhole(lines.join('\n')), isWhole('')]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(entriesIn(text)).toBe(3);
  for (const cut of [lines.slice(1), lines.slice(2), []]) {
    expect(parseRevocations([...cut, endLine(3)].join('\n'))).toEqual({
      problem: expect.stringMatching(
        /^line \d ends a list of 3 entries, but there are \d: the list was cut$/,
      ),
    });
  }
  // What was added behind the end by hand counts, and what was added before it does too.
  const added = parseRevocations(`sub c\n${text}\nsub d`);
  expect(added).toMatchObject({ sub: new Set(['c', 'b', 'd']) });
  expect(isWhole(`${text}\nsub d`)).toBe(false);
});

it('never throws, and reads back whatever it writes as what it was and nothing more', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('jti' as const, 'sub' as const),
      fc.string({ unit: 'binary' }),
      (by, value) => {
        parseRevocations(value);
        const line = revocationLine(by, value);
        if (line === undefined) return;
        const none = { jti: new Set(), sub: new Set() };
        expect(parseRevocations(line)).toEqual({ ...none, [by]: new Set([value]) });
      },
    ),
    { numRuns: 1_000 },
  );
});

it('revokes by the whole ID or subject, each of its own kind alone', () => {
  const list = { jti: new Set(['a']), sub: new Set(['b']) };
  expect(revokedBy(list, { jti: 'a', sub: 'x' })).toBe('jti');
  expect(revokedBy(list, { jti: 'x', sub: 'b' })).toBe('sub');
  expect(revokedBy(list, { sub: 'b' })).toBe('sub');
  for (const sub of ['a', 'B', 'bb', 'x']) expect(revokedBy(list, { jti: 'b', sub })).toBeUndefined();
});

it('joins two lists, and counts what stands in one of them no more', () => {
  const [one, other] = ['jti a\nsub x', 'jti b\nsub x'].map(text => parseRevocations(text));
  if (!one || !other || 'problem' in one || 'problem' in other) throw new Error('both can be read');
  expect(bothOf(one, other)).toEqual({ jti: new Set(['a', 'b']), sub: new Set(['x']) });
  expect([missingIn(other, one), missingIn(one, one)]).toEqual([1, 0]);
});
