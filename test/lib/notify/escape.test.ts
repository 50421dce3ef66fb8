import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeSpan, escapeDiscord, escapeMattermost, escapeSlack } from '../../../lib/notify/escape.js';

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

describe.each(Object.entries(escapes))('%s', (name, escapeText) => {
  it('keeps text on its line, with nothing invisible in it', () => {
    fc.assert(
      fc.property(hostile, text => {
        expect(escapeText(text).replaceAll(ZERO_WIDTH, '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  it('leaves words as they are', () => {
    const and = { escapeSlack: '&amp;', escapeDiscord: '\\&', escapeMattermost: '&' }[name];
    expect(escapeText('it leaks keys, ünïcode 😀 & 5')).toBe(`it leaks keys, ünïcode 😀 ${and} 5`);
  });
});

it('breaks up mentions and links for Slack, and escapes its controls', () => {
  fc.assert(
    fc.property(hostile, text => {
      const shown = escapeSlack(text);
      expect(shown).not.toMatch(/@(?!\u200b)/);
      expect(shown).not.toMatch(/:\/\//);
      expect(shown).not.toMatch(/www\./i);
      expect(shown).not.toMatch(/mailto:(?!\u200b)/i);
      expect(shown).not.toMatch(/[<>]/);
      expect(shown).not.toMatch(/&(?!amp;|lt;|gt;)/);
    }),
  );
});

it('leaves names and settings so that they can be copied from Slack', () => {
  for (const text of ['KILLSWITCH_SLACK_ALLOW', 'slack:T1:U1', 'user:U1=agents:kill', '/killswitch all'])
    expect(escapeSlack(text)).toBe(text);
});

it('puts a backslash before everything that Discord could read as formatting, a mention or a link', () => {
  fc.assert(
    fc.property(hostile, text => {
      const unescaped = escapeDiscord(text).replace(/\\[^0-9A-Za-z\s]/g, '');
      expect(unescaped).not.toMatch(/[\\`*_{}[\]()>#+\-!|~<@:/.&=]/);
    }),
  );
});

it('makes a code span for Mattermost that no text can end', () => {
  fc.assert(
    fc.property(hostile, text => {
      expect(codeSpan(escapeMattermost(text))).toMatch(/^`[^`]*[^`\s][^`]*`$/u);
    }),
  );
});
