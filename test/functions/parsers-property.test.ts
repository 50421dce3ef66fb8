import { InvalidArgumentError } from 'commander';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandOf } from '../../functions/chatops/discord-command.js';
import { parseAllow } from '../../functions/chatops/permissions.js';
import * as options from '../../functions/cli/options.js';
import { readGatewaySettings } from '../../functions/gateway/settings.js';
import { renderLinkPage } from '../../functions/links/page.js';
import { claimsOf } from '../../functions/links.js';
import { notifySettings } from '../../functions/notify/settings.js';
import { auditQuery } from '../../lib/client/queries.js';
import { parseConfig } from '../../lib/config/config.js';
import { ConfigError } from '../../lib/config/config-error.js';
import { environmentSchema } from '../../lib/config/variables.js';
import { scopes } from '../../lib/domain/actor.js';
import { AGENT_ID } from '../../lib/domain/agent.js';
import { selectorSchema } from '../../lib/domain/selector.js';
import { damaged, misspelt } from '../fakes/damage.js';

const RUNS = { numRuns: 200 };
const text = fc.string({ unit: 'binary' });
/** Anything, or almost what is meant. */
const like = (...good: string[]) => fc.oneof(text, ...good.flatMap(one => [fc.constant(one), misspelt(one)]));

/** What it gives, or that it refuses in the way that it says. */
function given<T>(work: () => T, refusal: new (...arguments_: never[]) => Error): T | undefined {
  try {
    return work();
  } catch (error) {
    expect(error).toBeInstanceOf(refusal);
    return undefined;
  }
}

/** One that the API takes. */
const isTime = (value: unknown): boolean => auditQuery.safeParse({ since: value }).success;

describe('an option of the command line', () => {
  it.each<[string, (text: string) => unknown, string[], (value: unknown) => boolean]>([
    ['agent', options.agentId, ['a1'], value => AGENT_ID.test(`${value}`)],
    ['url', options.httpUrl, ['https://a.example/b'], value => URL.canParse(`${value}`)],
    ['label', options.label, ['a=b', '__proto__=x'], value => Object.keys(value as object).length === 1],
    ['grace', options.graceSeconds, ['5', '0.5', '300'], value => Number(value) >= 0 && Number(value) <= 300],
    ['container', options.containerId, ['c'.repeat(64)], value => `${value}`.length === 64],
    ['count', options.count, ['10', '999999999'], value => Number.isSafeInteger(value) && Number(value) > 0],
    ['duration', options.duration, ['45s', '7d'], value => Number.isSafeInteger(value) && Number(value) > 0],
    ['since', options.since, ['2026-11-22T10:00:00Z', '1h', '999999d', '9999-12-31'], isTime],
    ['age', options.age, ['0', '0d', '7d'], value => Number.isSafeInteger(value) && Number(value) >= 0],
  ])('%s is what it should be, or refused as an argument', (_, read, good, holds) => {
    fc.assert(
      fc.property(like(...good), words => {
        const value = given(() => read(words), InvalidArgumentError);
        expect(value === undefined || holds(value)).toBe(true);
      }),
      RUNS,
    );
    for (const one of good) expect(holds(read(one))).toBe(true);
  });
});

describe('settings', () => {
  it('give a whole configuration, or name what is wrong in one line each, and no secret', () => {
    const secret = 'k7Qz-'.repeat(8);
    const good: Readonly<Record<string, readonly string[]>> = {
      HOST: ['127.0.0.1', '::1'],
      PORT: ['0', '8787', '65536'],
      DOCKER_HOST: ['unix:///var/run/docker.sock', `tcp://u:${secret}@h:2376`],
      KILLSWITCH_SECRET: [secret],
      KILLSWITCH_AUDIT_KEY: [secret, `${secret},${secret}`],
      KILLSWITCH_STORE: [
        'sqlite',
        `redis://:${secret}@localhost:6379/1`,
        `redis+cluster://:${secret}@a:1,b:2`,
      ],
      KILLSWITCH_JWKS: ['/etc/keys.json', 'https://id.example/jwks'],
      KILLSWITCH_SANDBOX: ['docker,process', 'none'],
      KILLSWITCH_WORKTREE_ROOTS: ['/srv/a:/srv/b', 'srv'],
      KILLSWITCH_QUARANTINE_TTL: ['7d', '0'],
      KILLSWITCH_QUARANTINE_MAX: ['20G'],
      KILLSWITCH_TRUSTED_PROXIES: ['10.0.0.0/8,::1'],
      KILLSWITCH_SOCKET: [`/${'s'.repeat(102)}`, `/${'s'.repeat(103)}`],
      KILLSWITCH_ODD: ['x'],
    };
    const names = [...new Set([...Object.keys(environmentSchema.shape), ...Object.keys(good)])];
    const variables = fc.record(
      Object.fromEntries(names.map(name => [name, like(...(good[name] ?? ['true']))])),
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(variables, fc.boolean(), (environment, dev) => {
        const set = environment as Readonly<Record<string, string | undefined>>;
        try {
          const config = parseConfig(set, { hostname: 'h', stateDirectory: '/state', dev });
          expect(config.port).toSatisfy((port: number) => port >= 0 && port <= 65_535);
          expect(config.worktreeRoots.every(root => root.startsWith('/'))).toBe(true);
          expect(dev || config.secret !== undefined || config.jwks !== undefined).toBe(true);
          expect(config.unknown).toEqual(set['KILLSWITCH_ODD'] ? ['KILLSWITCH_ODD'] : []);
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          expect(error.problems.length).toBeGreaterThan(0);
          expect(error.problems.filter(problem => problem.includes('\n'))).toEqual([]);
          expect(error.message).not.toContain(secret.slice(0, 20));
        }
      }),
      RUNS,
    );
  });

  it('are read, or refused without a throw, whatever they are', () => {
    const variables = fc.dictionary(fc.constantFrom(...Object.keys(environmentSchema.shape)), text);
    fc.assert(
      fc.property(
        variables,
        one => void expect(typeof environmentSchema.safeParse(one).success).toBe('boolean'),
      ),
      RUNS,
    );
    const durations = environmentSchema.shape.KILLSWITCH_QUARANTINE_TTL;
    fc.assert(
      fc.property(like('7d', '0', '999999d'), one => {
        expect(durations.safeParse(one).data ?? 0).toSatisfy(Number.isSafeInteger);
      }),
      RUNS,
    );
  });

  it('of those to tell and of the gateway are read, or refused by name', () => {
    const key = JSON.stringify({ kty: 'OKP', crv: 'Ed25519', x: 'x'.repeat(43), d: 'd'.repeat(43) });
    const notify = fc.record(
      {
        KILLSWITCH_NOTIFY_OPS_URL: like('https://hooks.example.com/x'),
        KILLSWITCH_NOTIFY_OPS_KIND: like('slack', 'webhook'),
        KILLSWITCH_NOTIFY_OPS_SECRET: like(`whsec_${'A'.repeat(32)}`),
        KILLSWITCH_NOTIFY_OPS_EVENTS: like('killswitch.activated'),
      },
      { requiredKeys: [] },
    );
    const gateway = fc.record(
      {
        KILLSWITCH_ORIGINS: like('a=https://a.example,b=https://b.example'),
        KILLSWITCH_GATEWAY_KEY: fc.oneof(like(key), fc.json()),
        KILLSWITCH_JWKS: like('https://a.example/jwks', '{"keys":[]}'),
        KILLSWITCH_REVOKED: like('jti a', 'sub b'),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(notify, gateway, (told, edge) => {
        for (const { url } of given(() => notifySettings(told), ConfigError) ?? []) {
          expect(new URL(url).protocol).toMatch(/^https?:$/);
        }
        for (const { url } of given(() => readGatewaySettings(edge), ConfigError)?.origins ?? []) {
          expect(new URL(url).origin).toBe(url);
        }
      }),
      RUNS,
    );
  });

  it('of who may do what give scopes that there are, or a sentence', () => {
    fc.assert(
      fc.property(like('user:U1=stop,agents:read;team:T1=all'), rules => {
        const read = parseAllow(rules, ['user', 'team']);
        if ('problem' in read) expect(read.problem).not.toBe('');
        else expect(scopes).toEqual(expect.arrayContaining(read.flatMap(rule => rule.scopes)));
      }),
      RUNS,
    );
  });
});

it('what a kill link says can be shown, whatever it is', async () => {
  const ends = fc.double().map((exp): unknown => ({ agent: 'a1', exp }));
  const payloads = fc
    .oneof(damaged({ agent: 'a1', exp: 2_000_000_000 }), ends)
    .map(one => Buffer.from(JSON.stringify(one) ?? '').toString('base64url'));
  const tokens = fc.oneof(
    text,
    payloads.map(payload => `h.${payload}.s`),
    text.map(one => `h.${one}.s`),
  );
  await fc.assert(
    fc.asyncProperty(tokens, async token => {
      const claims = claimsOf(token);
      if (!claims) return;
      expect(claims.agentId).toMatch(AGENT_ID);
      // What has ended is not shown with its end.
      if (claims.exp > 0)
        expect(String(await renderLinkPage({ kind: 'confirm', ...claims }))).toContain(claims.agentId);
    }),
    RUNS,
  );
});

it('a command of Discord is a phrase, whatever it is, and selects as a selector does', () => {
  const sub = (name: string, ...given: [string, string][]) => ({
    options: [{ type: 1, name, options: given.map(([one, value]) => ({ type: 3, name: one, value })) }],
  });
  const commands = [
    sub('kill', ['id', 'a1'], ['reason', 'drill']),
    sub('all', ['selector', 'task=t1 label:team=core']),
    sub('reset', ['reason', 'over']),
  ];
  fc.assert(
    fc.property(fc.oneof(...commands.map(damaged)), data => {
      const phrase = commandOf(data);
      if (phrase.verb === 'kill') expect(phrase.agentId).toMatch(AGENT_ID);
      if ('selector' in phrase) expect(selectorSchema.safeParse(phrase.selector).success).toBe(true);
    }),
    RUNS,
  );
});

it('a query of the audit has a time and a cursor that the stores know, or is refused', () => {
  const queries = fc.record(
    {
      since: like('2026-11-22T10:00:00Z', '2026-11-22T10:00:00+02:00'),
      agentId: like('a1'),
      limit: like('1', '1000', '1e2'),
      after: like('12', '12-3'),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(queries, query => {
      const { data } = auditQuery.safeParse(query);
      if (data?.since !== undefined) expect(Date.parse(data.since)).not.toBeNaN();
      if (data?.limit !== undefined) expect(data.limit).toSatisfy(Number.isSafeInteger);
      expect(data?.after ?? '').toMatch(/^[\d-]*$/);
    }),
    RUNS,
  );
});
