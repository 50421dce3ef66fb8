import * as z from 'zod';
import { ConfigError } from '../../lib/config/config-error.js';
import { durationSchema, serverUrl, tokenMaxAgeSchema } from '../../lib/config/environment.js';
import type { Settings } from '../../lib/config/platform-settings.js';
import { platformVariable } from '../../lib/config/platform-settings.js';
import { parseRevocations, type Revocations } from '../../lib/domain/revocation.js';
import { secretSchema } from '../../lib/domain/secret.js';
import { parseJson } from '../../lib/util/parse-json.js';
import { isSecureUrl } from '../../lib/util/secure-url.js';

/** A `killswitch serve` that requests are forwarded to. */
export interface Origin {
  readonly name: string;
  /** Without a slash at the end. */
  readonly url: string;
}

const FORM = /^(?:([A-Za-z0-9][A-Za-z0-9._-]{0,63})=)?([a-z]+:\/\/\S+)$/;

/** The URL must have no path: a token is bound to the path of the request, which must not change on the way. */
function readOrigin(text: string, index: number): Origin | undefined {
  const [, name = `${index + 1}`, address = ''] = FORM.exec(text) ?? [];
  const url = serverUrl(address);
  return url === undefined ? undefined : { name, url };
}

const originsSchema = z.string().transform((text, context): readonly Origin[] => {
  const read = text.split(',').map((one, index) => readOrigin(one.trim(), index));
  const origins = read.filter(one => one !== undefined);
  const isWhole = origins.length === read.length;
  if (isWhole && new Set(origins.map(({ name }) => name)).size === origins.length) return origins;
  context.addIssue({
    code: 'custom',
    message: isWhole
      ? 'must not give two origins the same name'
      : 'must be a list like a=https://a.example,b=https://b.example (no paths; http:// only to this machine)',
  });
  return z.NEVER;
});

const parsed = z.string().transform((text, context): unknown => {
  const value = parseJson(text);
  if (value === undefined) context.addIssue({ code: 'custom', message: 'must be JSON' });
  return value === undefined ? z.NEVER : value;
});

const part = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const gatewayKeySchema = parsed.pipe(
  z.looseObject(
    { kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: part, d: part, kid: z.string().optional() },
    'must be a private Ed25519 key as a JWK',
  ),
);

/** Where the callers' keys are: in the setting itself, or at an identity provider. */
export type CallerKeys = { readonly text: string } | { readonly url: string };

const callerKeysSchema = z
  .string()
  .refine(
    text => text.trimStart().startsWith('{') || isSecureUrl(text),
    'must be an https:// URL without a password, or the key set itself',
  )
  .transform((text): CallerKeys => (text.trimStart().startsWith('{') ? { text } : { url: text }));

/** The list itself, because a Worker has no files. */
const revokedSchema = z.string().transform((text, context): Revocations => {
  const found = parseRevocations(text);
  if (!('problem' in found)) return found;
  context.addIssue({ code: 'custom', message: `must list revocations: ${found.problem}` });
  return z.NEVER;
});

export const settingsSchema = z.object({
  KILLSWITCH_ORIGINS: originsSchema.describe(
    'The servers to forward requests to: `a=https://…,b=https://…`, or URLs alone (then named 1, 2, …); no paths, http:// only to loopback.',
  ),
  KILLSWITCH_GATEWAY_KEY: gatewayKeySchema.describe(
    'Secret: the private Ed25519 key that signs forwarded requests, as a JWK.',
  ),
  KILLSWITCH_ORIGIN_TIMEOUT: durationSchema
    .refine(ms => ms >= 1_000 && ms <= 60_000, 'must be from 1s to 60s')
    .prefault('6s')
    .describe('How long an origin may take to answer, 1s to 60s.'),
  KILLSWITCH_AUDIENCE: z
    .string()
    .default('killswitch')
    .describe("As at the origins: `aud` of callers' tokens and of forwarded requests."),
  KILLSWITCH_ISSUER: z
    .string()
    .optional()
    .describe("As at the origins: `iss` of callers' tokens and of forwarded requests."),
  KILLSWITCH_TOKEN_MAX_AGE: tokenMaxAgeSchema.describe("The longest that a caller's token may be valid."),
  KILLSWITCH_SECRET: secretSchema
    .optional()
    .describe(
      "Secret: the HS256 key of callers' tokens. Without it and without a key set, every caller gets 401.",
    ),
  KILLSWITCH_SECRET_PREVIOUS: secretSchema.optional().describe('The previous key, which still verifies.'),
  KILLSWITCH_JWKS: callerKeysSchema
    .optional()
    .describe("The keys of callers' tokens: an https URL, or the key set itself as JSON."),
  KILLSWITCH_REVOKED: revokedSchema
    .prefault('')
    .describe('Lines `jti <id>` and `sub <subject>`: revoked tokens of callers.'),
});

export interface GatewaySettings {
  readonly origins: readonly Origin[];
  readonly key: Readonly<Record<string, unknown>>;
  readonly originTimeoutMs: number;
  readonly audience: string;
  readonly issuer: string | undefined;
  /** Verifies the callers' tokens. */
  readonly secret: string | undefined;
  readonly previousSecret: string | undefined;
  readonly tokenMaxAgeMs: number;
  readonly jwks: CallerKeys | undefined;
  readonly revoked: Revocations;
  readonly platforms: Settings;
}

/**
 * Reads the variables and secrets of a Worker; an empty variable counts as absent.
 * @throws ConfigError that names every bad variable, and no value
 */
export function readGatewaySettings(env: Readonly<Record<string, unknown>>): GatewaySettings {
  const given = Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '',
    ),
  );
  const { data, error } = settingsSchema.safeParse(given);
  if (error) {
    const problems = error.issues.map(({ path: [name = ''], message }) =>
      given[String(name)] === undefined ? `${String(name)} must be set` : `${String(name)} ${message}`,
    );
    throw new ConfigError([...new Set(problems)]);
  }
  return {
    origins: data.KILLSWITCH_ORIGINS,
    key: data.KILLSWITCH_GATEWAY_KEY,
    originTimeoutMs: data.KILLSWITCH_ORIGIN_TIMEOUT,
    audience: data.KILLSWITCH_AUDIENCE,
    issuer: data.KILLSWITCH_ISSUER,
    secret: data.KILLSWITCH_SECRET,
    previousSecret: data.KILLSWITCH_SECRET_PREVIOUS,
    tokenMaxAgeMs: data.KILLSWITCH_TOKEN_MAX_AGE,
    jwks: data.KILLSWITCH_JWKS,
    revoked: data.KILLSWITCH_REVOKED,
    platforms: Object.fromEntries(Object.entries(given).filter(([name]) => platformVariable.test(name))),
  };
}
