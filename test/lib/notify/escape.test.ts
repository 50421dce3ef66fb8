import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeDiscord, escapeMattermost, escapeSlack } from '../../../lib/notify/escape.js';

const ZERO_WIDTH = '\u200b';
const escapes = { escapeSlack, escapeDiscord, escapeMattermost };

/** Words that mean something in a chat, mixed with anything. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom('@', '@here', '@everyone', '<!channel>', '<@U1>', '<@&1>', '<#C1>', '~town-square'),
      fc.constantFrom('https://evil.example', 'HTTP://x', 'www.evil.example', 'mailto:a@b.c', 'WWW.x'),
      fc.constantFrom(
        '[a](https://b)',
        '**b**',
        '`c`',
        '```',
        '||s||',
        '~~s~~',
        '_i_',
        '# h',
        '> q',
        '- l',
        '#tag',
      ),
      fc.constantFrom(
        '\n',
        '\r\n',
        '\u2028',
        '\u202e',
        '\u200b',
        '\0',
        '\ud800',
        '\\',
        '&lt;',
        '://',
        ':',
        '//',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 12 },
  )
  .map(parts => parts.join(''));

describe.each(Object.entries(escapes))('%s', (name, escaped) => {
  it('lets nothing through that mentions, links, or leaves the line', () => {
    fc.assert(
      fc.property(hostile, text => {
        const shown = escaped(text);
        expect(shown).not.toMatch(/@(?!\u200b)/);
        expect(shown).not.toMatch(/:\/\//);
        expect(shown).not.toMatch(/www\./i);
        expect(shown).not.toMatch(/mailto:(?!\u200b)/i);
        expect(shown.replaceAll(ZERO_WIDTH, '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  it('leaves every mark of the formatting without its meaning', () => {
    fc.assert(
      fc.property(hostile, text => {
        const shown = escaped(text);
        if (name === 'escapeSlack') {
          expect(shown).not.toMatch(/[<>]/);
          expect(shown).not.toMatch(/&(?!amp;|lt;|gt;)/);
          expect(shown).not.toMatch(/[*_~`](?!\u200b)/);
        } else {
          const unescaped = shown.replace(/\\[\\`*_{}[\]()>#+\-.!|~]/g, '');
          expect(unescaped).not.toMatch(/[\\`*_{}[\]()>#+\-!|~]/);
          expect(unescaped).not.toMatch(/<(?!\u200b)/);
        }
      }),
    );
  });

  it('leaves words as they are', () => {
    expect(escaped('it leaks keys, ünïcode 😀 & 5')).toBe(
      `it leaks keys, ünïcode 😀 ${name === 'escapeSlack' ? '&amp;' : '&'} 5`,
    );
  });
});
