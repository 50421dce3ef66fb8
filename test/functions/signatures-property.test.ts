import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createConversation } from '../../functions/chatops/conversation.js';
import { createDiscord } from '../../functions/chatops/discord.js';
import { createMattermost } from '../../functions/chatops/mattermost.js';
import type { CreatePlatform } from '../../functions/chatops/platform.js';
import { createSlack } from '../../functions/chatops/slack.js';
import { sources } from '../../functions/hooks.js';
import { KillswitchError } from '../../lib/domain/errors.js';
import { utf8 } from '../../lib/util/crypto.js';
import { fakeCommandsFor } from '../fakes/commands.js';
import { damaged, flipped, misspelt } from '../fakes/damage.js';
import { fakeLog } from '../fakes/log.js';
import {
  discordHeaders,
  discordInteraction,
  discordSettings,
  impatient,
  mattermostForm,
  mattermostHeaders,
  mattermostSettings,
  slackForm,
  slackHeaders,
  slackSettings,
} from './chatops-bench.js';
import { platforms as hookPlatforms } from './hooks-platforms.js';

const NOW = 1_800_000_000_000;
const SECONDS = NOW / 1_000;
const RUNS = { numRuns: 100 };
const ORIGIN = 'https://chat.example.com';

/** Somebody who sends, and whoever takes it. */
interface Sender {
  readonly name: string;
  /** What is sent when nothing is wrong, as JSON. */
  readonly content: unknown;
  readonly bodyOf: (content: unknown) => string;
  readonly headersOf: (body: string) => Readonly<Record<string, string>>;
  /** Without which nothing is proven. */
  readonly proofs: readonly string[];
  /** The body is signed too. */
  readonly signed: boolean;
  readonly take: (body: Uint8Array, headers: Readonly<Record<string, string>>) => Promise<unknown>;
}

const hooks = hookPlatforms.map(({ source: name, settings, event, headers, proofs }): Sender => {
  const source = sources[name]?.(settings);
  return {
    name,
    content: event('a1', NOW),
    bodyOf: content => JSON.stringify(content) ?? '',
    // A signature beside others may be changed: only the last one is ours.
    headersOf: body =>
      Object.fromEntries(
        Object.entries(headers(body, { at: NOW })).map(([one, value]) => [one, value.replace(/^v1=0+,/, '')]),
      ),
    proofs,
    signed: name !== 'alertmanager',
    take: async (body, shown) => source?.read({ headers: new Headers(shown), body, now: NOW }),
  };
});

function chat(open: CreatePlatform): Sender['take'] {
  const deps = {
    settings: { ...slackSettings(ORIGIN), ...discordSettings(ORIGIN), ...mattermostSettings(ORIGIN) },
    commandsFor: fakeCommandsFor(async () => ({ status: 503, body: undefined })),
    newId: () => 'id',
    clock: { now: () => NOW },
    log: fakeLog(),
    fetch: async () => Response.error(),
    defer: () => undefined,
  };
  const platform = open(deps, { conversation: createConversation(deps, impatient), wait: impatient });
  return async (body, headers) =>
    platform?.receive({ headers: new Headers(headers), body, source: undefined });
}

const form = (content: unknown): string =>
  new URLSearchParams(
    Object.fromEntries(
      Object.entries(content ?? {}).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : (JSON.stringify(value) ?? ''),
      ]),
    ),
  ).toString();
const pressed = {
  type: 'block_actions',
  user: { id: 'U1', username: 'alice' },
  team: { id: 'T1' },
  channel: { id: 'C1' },
  actions: [{ action_id: 'stop', value: 'x.y' }],
};
const command = {
  type: 2,
  data: { type: 1, name: 'killswitch', options: [{ type: 1, name: 'status', options: [] }] },
};

const chats: Sender[] = [
  {
    name: 'slack',
    content: { ...Object.fromEntries(new URLSearchParams(slackForm('status'))), payload: pressed },
    bodyOf: form,
    headersOf: body => slackHeaders(body, SECONDS),
    proofs: ['x-slack-request-timestamp', 'x-slack-signature'],
    signed: true,
    take: chat(createSlack),
  },
  {
    name: 'discord',
    content: JSON.parse(discordInteraction(command)),
    bodyOf: content => JSON.stringify(content) ?? '',
    headersOf: body => discordHeaders(body, SECONDS),
    proofs: ['x-signature-timestamp', 'x-signature-ed25519'],
    signed: true,
    take: chat(createDiscord),
  },
  {
    name: 'mattermost',
    content: Object.fromEntries(new URLSearchParams(mattermostForm(ORIGIN, 'status'))),
    bodyOf: form,
    headersOf: () => mattermostHeaders(),
    proofs: ['authorization'],
    signed: false,
    take: chat(createMattermost),
  },
];

const codeOf = (taken: Promise<unknown>): Promise<string> =>
  taken.then(
    () => 'taken',
    (error: unknown) => {
      if (error instanceof KillswitchError) return error.code;
      throw error;
    },
  );

/** The last character of base64 before its padding has bits that mean nothing. */
const isAnother = (name: string, one: string, other: string): boolean =>
  name !== 'webhook-signature' ||
  one.slice(0, 3) !== other.slice(0, 3) ||
  !Buffer.from(one.slice(3), 'base64').equals(Buffer.from(other.slice(3), 'base64')) ||
  !other.endsWith('=');

describe.each([...hooks, ...chats])('what $name sends', sender => {
  const { content, bodyOf, headersOf, proofs, take } = sender;
  const body = bodyOf(content);
  const good = headersOf(body);

  it('is taken as it is', async () => {
    expect(await codeOf(take(utf8(body), good))).toBe('taken');
  });

  it('proves nothing with any one character of its proofs changed', async () => {
    const changed = fc.constantFrom(...proofs).chain(name => {
      const value = good[name] ?? '';
      return misspelt(value)
        .filter(other => isAnother(name, value, other))
        .map(other => ({ ...good, [name]: other }));
    });
    await fc.assert(
      fc.asyncProperty(changed, async headers => {
        expect(await codeOf(take(utf8(body), headers))).toBe('unauthenticated');
      }),
      RUNS,
    );
  });

  it('proves nothing by any words at all', async () => {
    const words = fc.string({ unit: 'grapheme-ascii', maxLength: 100 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...proofs), words, async (name, value) => {
        expect(await codeOf(take(utf8(body), { ...good, [name]: value }))).toBe('unauthenticated');
      }),
      RUNS,
    );
  });

  it('is taken or refused in words of ours, whatever is in it', async () => {
    const bodies = fc.oneof(damaged(content).map(bodyOf), fc.json());
    await fc.assert(
      fc.asyncProperty(bodies, async other => {
        const code = await codeOf(take(utf8(other), headersOf(other)));
        expect(['taken', 'invalid_request', 'unauthenticated']).toContain(code);
      }),
      { numRuns: 200 },
    );
  });
});

it.each([...hooks, ...chats].filter(({ signed }) => signed))(
  'what $name signs holds for no body with any one byte changed',
  async ({ content, bodyOf, headersOf, take }) => {
    const body = bodyOf(content);
    const good = headersOf(body);
    await fc.assert(
      fc.asyncProperty(flipped(utf8(body)), async other => {
        expect(await codeOf(take(other, good))).toBe('unauthenticated');
      }),
      RUNS,
    );
  },
);

it('what one sender signs proves nothing to another one', async () => {
  const signers = [...hooks, ...chats];
  for (const one of signers) {
    for (const other of signers.filter(({ name }) => name !== one.name)) {
      const body = one.bodyOf(one.content);
      expect(await codeOf(other.take(utf8(body), one.headersOf(body)))).toBe('unauthenticated');
    }
  }
});
