import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeSpan, escapeDiscord, escapeMattermost, escapeSlack } from '../../../lib/notify/escape.js';
import { fitLines, fitText } from '../../../lib/notify/fit-text.js';
import { stripInvisible } from '../../../lib/util/strip-invisible.js';

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc
    .array(fc.constantFrom('@', 'https://x', '**', '`', '&', '<', '\n', '\u202e', '\ud800', '😀', 'a'))
    .map(parts => parts.join('')),
);

describe('a text', () => {
  it('is cut to its limit, and within no escape', () => {
    fc.assert(
      fc.property(
        hostile,
        fc.constantFrom(escapeSlack, escapeDiscord, escapeMattermost),
        fc.integer({ min: 1, max: 60 }),
        (text, escapeText, limit) => {
          const characters = Array.from(stripInvisible(text));
          const starts = characters.map((_, at) => escapeText(characters.slice(0, at).join('')));
          const shown = fitText(text, escapeText, limit);
          expect(shown.length).toBeLessThanOrEqual(limit);
          if (escapeText(text).length <= limit) expect(shown).toBe(escapeText(text));
          else expect(shown).toBe(`${starts.filter(start => start.length < limit).at(-1)}…`);
        },
      ),
    );
  });

  it('is shown whole where it just fits', () => {
    expect(fitText('a.b', escapeDiscord, 4)).toBe('a\\.b');
    expect(fitText('a.b', escapeDiscord, 3)).toBe('a…');
    expect(fitText('\u200b\n', escapeSlack, 1)).toBe(' ');
  });
});

describe('lines', () => {
  it('fit as far as there is room, and the last one counts those left out', () => {
    const lines = Array.from({ length: 10 }, (_, at) => `line ${at}`);
    expect(fitLines(lines, { escapeText: escapeSlack, limit: 200 }).split('\n')).toEqual(lines);
    expect(fitLines(lines, { escapeText: escapeSlack, limit: 62 }).split('\n')).toEqual([
      ...lines.slice(0, 3),
      'and 7 more lines',
    ]);
  });

  it('stay each within what is put around it', () => {
    const shown = fitLines(['a`b', ''], { escapeText: escapeMattermost, limit: 200, wrap: codeSpan });
    expect(shown).toBe("`a'b`\n`-`");
  });

  it('are never longer than the limit', () => {
    const length = fc.integer({ min: 100, max: 2_000 });
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 60 }), length, (lines, limit) => {
        expect(fitLines(lines, { escapeText: escapeDiscord, limit }).length).toBeLessThanOrEqual(limit);
      }),
    );
  });
});
