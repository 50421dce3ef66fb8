import { describe, expect, it } from 'vitest';
import { notifySettings } from '../../functions/notify/settings.js';
import { ConfigError } from '../../lib/config/config-error.js';
import { usualEvents } from '../../lib/notify/event.js';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const URL = 'https://ops.example/hook/s3cret';
const set = (variables: Record<string, string>) =>
  notifySettings(
    Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [`KILLSWITCH_NOTIFY_${name}`, value]),
    ),
  );
function problemsOf(variables: Record<string, string>): readonly string[] {
  try {
    set(variables);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
  }
  throw new Error('nothing was wrong');
}

describe('the settings of notifications', () => {
  it('name no agent unless told', () => {
    expect(notifySettings({ KILLSWITCH_GITHUB_SECRET: 'x' })).toEqual([]);
  });

  it('name any number of targets, each by its own name, also where one begins as another does', () => {
    const found = set({
      OPS_URL: URL,
      OPS_SECRET: SECRET,
      OPS_EU_URL: 'http://127.0.0.1:9/x',
      OPS_EU_KIND: 'slack',
      OPS_EU_EVENTS: 'killswitch.unverified, killswitch.denied',
    });
    expect(found).toEqual([
      { name: 'OPS', url: URL, kind: 'webhook', secrets: [new Uint8Array(32).fill(7)], events: usualEvents },
      {
        name: 'OPS_EU',
        url: 'http://127.0.0.1:9/x',
        kind: 'slack',
        secrets: [],
        events: ['killswitch.unverified', 'killswitch.denied'],
      },
    ]);
  });

  it('do not report denials unless asked to', () => {
    expect(usualEvents).not.toContain('killswitch.denied');
  });

  it('take several secrets, so that one can be exchanged for another', () => {
    const other = `whsec_${Buffer.alloc(24, 8).toString('base64')}`;
    expect(set({ A_URL: URL, A_SECRET: `${SECRET} ${other}` })[0]?.secrets).toHaveLength(2);
  });

  it.each<[string, Record<string, string>, string[]]>([
    [
      'a URL that others can read',
      { A_URL: 'http://ops.example/', A_SECRET: SECRET },
      ['A_URL must be an https'],
    ],
    [
      'a URL with a password',
      { A_URL: 'https://u:p@ops.example/', A_SECRET: SECRET },
      ['A_URL must be an https'],
    ],
    ['no URL', { A_KIND: 'slack' }, ['A_URL must be set']],
    ['a webhook without a secret', { A_URL: URL }, ['A_SECRET must be set: a webhook is signed with it']],
    ['a secret for a chat', { A_URL: URL, A_KIND: 'slack', A_SECRET: SECRET }, ['A_SECRET must not be set']],
    ['a secret that is too short', { A_URL: URL, A_SECRET: 'whsec_c2hvcnQ=' }, ['A_SECRET must be whsec_']],
    ['a secret of another kind', { A_URL: URL, A_SECRET: `${SECRET} hunter2` }, ['A_SECRET must be whsec_']],
    ['an unknown kind', { A_URL: URL, A_KIND: 'irc' }, ['A_KIND must be webhook, slack']],
    [
      'an unknown event',
      { A_URL: URL, A_SECRET: SECRET, A_EVENTS: 'kill-everything' },
      ['A_EVENTS must be a list of'],
    ],
    [
      'an unknown variable',
      { A_URI: URL },
      ['A_URI is not a setting; there are KILLSWITCH_NOTIFY_<NAME>_URL'],
    ],
    ['no name', { URL }, ['URL is not a setting']],
    ['several at once', { A_URL: URL, B_URL: 'ftp://x', C_URI: 'x' }, ['C_URI', 'A_SECRET', 'B_URL']],
  ])('refuse %s, with a sentence that holds no secret', (_, variables, starts) => {
    const problems = problemsOf(variables);
    expect(problems).toEqual(starts.map(start => expect.stringContaining(`KILLSWITCH_NOTIFY_${start}`)));
    for (const [name, value] of Object.entries(variables)) {
      if (!name.endsWith('_KIND')) expect(problems.join()).not.toContain(value);
    }
  });
});
