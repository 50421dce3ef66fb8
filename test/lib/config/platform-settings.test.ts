import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { ConfigError } from '../../../lib/config/config-error.js';
import { platformSettings, type Settings } from '../../../lib/config/platform-settings.js';

const schema = z.object({
  SECRET: z.string().min(16, 'must have at least 16 characters'),
  SELECT: z.string('must be set, like this').optional().or(z.never()),
  LATCH: z.enum(['true', 'false'], 'must be true or false').default('false'),
});
const read = (settings: Settings) => platformSettings(settings, 'GITHUB', schema);
const SECRET = 'a secret of the tests';

function problemsOf(settings: Settings, of: z.ZodObject = schema): readonly string[] {
  try {
    platformSettings(settings, 'GITHUB', of);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('the settings of a platform', () => {
  it('are those under its name, with what is left out', () => {
    expect(read({ KILLSWITCH_GITHUB_SECRET: SECRET, KILLSWITCH_SENTRY_SECRET: 'x', PATH: '/bin' })).toEqual({
      SECRET,
      LATCH: 'false',
    });
  });

  it.each([
    {},
    { KILLSWITCH_GITHUB_SECRET: '' },
    { KILLSWITCH_GITHUB_SECRET: undefined },
    { GITHUB_SECRET: SECRET },
  ])('are none in %j', settings => {
    expect(read(settings)).toBeUndefined();
  });

  it('are reported by name when they are wrong, missing or unknown, all at once', () => {
    expect(
      problemsOf({
        KILLSWITCH_GITHUB_LATCH: 'yes',
        KILLSWITCH_GITHUB_TOKEN: 'x',
        KILLSWITCH_GITHUB_SECERT: SECRET,
      }),
    ).toEqual([
      'KILLSWITCH_GITHUB_SECRET must be set',
      'KILLSWITCH_GITHUB_LATCH must be true or false',
      'KILLSWITCH_GITHUB_TOKEN is not known',
      'KILLSWITCH_GITHUB_SECERT is not known',
    ]);
  });

  it('say in their own words what is missing', () => {
    const of = z.object({ SELECT: z.string('must be set, to something'), SECRET: z.string() });
    expect(problemsOf({ KILLSWITCH_GITHUB_SECRET: SECRET }, of)).toEqual([
      'KILLSWITCH_GITHUB_SELECT must be set, to something',
    ]);
  });

  it('may be checked together', () => {
    const text = z.string().optional();
    const either = z
      .object({ TOKEN: text, USER: text, LATCH: text })
      .refine(({ TOKEN, USER }) => TOKEN ?? USER, {
        path: ['TOKEN'],
        message: 'must be set, or else the user',
      });
    expect(problemsOf({ KILLSWITCH_GITHUB_LATCH: 'true' }, either)).toEqual([
      'KILLSWITCH_GITHUB_TOKEN must be set, or else the user',
    ]);
    expect(problemsOf({ KILLSWITCH_GITHUB_USER: 'x' }, either)).toEqual([]);
  });

  it('never have their values told, which may be secrets', () => {
    const value = fc.stringMatching(/^[!-~]{6,15}$/).filter(text => !/^\d*$/.test(text));
    fc.assert(
      fc.property(value, secret => {
        const settings = Object.fromEntries(
          ['SECRET', 'LATCH', 'TOKEN'].map(name => [`KILLSWITCH_GITHUB_${name}`, secret]),
        );
        const text = problemsOf(settings).join('\n');
        expect(text.split('\n')).toHaveLength(3);
        expect(
          text.replaceAll(
            /KILLSWITCH_GITHUB_\w+ (must have at least 16 characters|must be true or false|is not known)/g,
            '',
          ),
        ).not.toContain(secret);
      }),
    );
  });
});
