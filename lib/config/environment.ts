import * as z from 'zod';
import { secretSchema } from '../domain/secret.js';

/** Several, separated by commas. */
const secretsSchema = z
  .string()
  .transform(text => text.split(',').map(secret => secret.trim()))
  .pipe(z.array(secretSchema));

const matching = (pattern: RegExp, right: string) => z.string().regex(pattern, right);
const milliseconds: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const durationSchema = matching(
  /^(0|\d{1,6}[smhd])$/,
  'must be a duration such as 7d, 12h, 30m, 45s, or 0',
).transform(text => Number.parseInt(text, 10) * (milliseconds[text.slice(-1)] ?? 1));

const HOUR = 3_600_000;

/** Whether a time to live, in milliseconds, is too short to find out that a worktree should not have gone. */
export const isTooShort = (ms: number): boolean => ms < HOUR;

const ttlSchema = durationSchema
  .transform(ms => Math.max(ms, HOUR))
  .describe(
    'How long a cleared worktree is kept: at least an hour, also where 0 or less than that is given.',
  );

const KIBI: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

const sizeSchema = matching(/^\d{1,6}[KMGT]$/, 'must be a size such as 500M, 20G or 1T').transform(
  text => Number.parseInt(text, 10) * (KIBI[text.slice(-1)] ?? 1),
);

export type Store = { readonly kind: 'sqlite' } | { readonly kind: 'valkey'; readonly url: string };

/** Several `host:port`, comma separated, may stand in the URL of a Sentinel or Cluster, which `URL` does not take. */
const storeSchema = matching(
  /^(sqlite|rediss?:\/\/[^\s/?#]+\S*|redis\+(sentinel|cluster):\/\/[^\s/?#]+\S*)$/,
  'must be sqlite, or start with redis://, rediss://, redis+sentinel:// or redis+cluster:// and name a host',
).transform((text): Store => (text === 'sqlite' ? { kind: 'sqlite' } : { kind: 'valkey', url: text }));

export type KeySetLocation = { readonly file: string } | { readonly url: string };

/** Whether nobody on the way can read or change what goes there: https, or plain HTTP to this machine. */
export function isTrustworthy(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  return (
    username === '' && password === '' && (protocol === 'https:' || (protocol === 'http:' && isLoopback))
  );
}

/** The URL of a killswitch server as others call it, without a slash at its end. A path would be nobody's. */
export function serverUrl(text: string): string | undefined {
  if (!isTrustworthy(text)) return undefined;
  const { origin, pathname, search, hash } = new URL(text);
  return pathname === '/' && search === '' && hash === '' ? origin : undefined;
}

const publicUrlSchema = z.string().transform((text, context): readonly string[] => {
  const urls = text.split(',').map(one => serverUrl(one.trim()));
  const known = urls.filter(url => url !== undefined);
  if (known.length === urls.length) return known;
  context.addIssue({
    code: 'custom',
    message:
      'must be the URL by which gateways call this server, such as https://host.example (http:// to this machine alone, no path)',
  });
  return z.NEVER;
});

/** How long a token may be good, in milliseconds. */
export const tokenMaxAgeSchema = durationSchema
  .refine(ms => ms > 0, 'must be longer than 0')
  .default(400 * 86_400_000);

const isUrl = (text: string): boolean => /^[a-z][a-z0-9+.-]*:/i.test(text);

const keySetSchema = z
  .string()
  .refine(
    text => !isUrl(text) || isTrustworthy(text),
    'must be the path of a file or an https:// URL without a password (http:// to this machine alone)',
  )
  .transform((text): KeySetLocation => (isUrl(text) ? { url: text } : { file: text }));

const proxySchema = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

const proxiesSchema = z
  .string()
  .transform(text => text.split(',').map(one => one.trim()))
  .refine(
    all => all.every(one => proxySchema.safeParse(one).success),
    'must be addresses or CIDR blocks, separated by commas, such as 10.0.0.5,fd00::/8',
  );

const sandboxSchema = matching(
  /^(none|(docker|process)(,(docker|process))*)$/,
  'must be docker, process, docker,process or none',
).transform(text => ({ docker: text.includes('docker'), process: text.includes('process') }));

const ROOT = /^(\/(?!\.{1,2}(\/|$))[^/\0]+)+\/?$/;

const worktreeRootsSchema = z
  .string()
  .transform(text => text.split(':'))
  .refine(
    roots => roots.every(root => ROOT.test(root)),
    'must be absolute directories, separated by ":", none of them "/" and without "." or ".."',
  )
  .transform(roots => [...new Set(roots.map(root => root.replace(/\/$/, '')))]);

/** A relative one would be another place for each directory that a command is started in. */
const pathSchema = matching(/^\//, 'must be an absolute path, such as /var/lib/killswitch');

/** Set by a login, a shell or a service manager in processes that are no agents, to values that may be IDs of agents. */
const INHERITED =
  /^(HOME|HOST(NAME)?|LANG(UAGE)?|LOGNAME|MAIL|OLDPWD|PATH|PORT|PWD|SHELL|SHLVL|TERM|TZ|USER|DISPLAY|INVOCATION_ID|JOURNAL_STREAM|(LC|XDG|SSH|DBUS|SYSTEMD|DOCKER)_.*|_)$/;

const agentVariableSchema = matching(
  /^[A-Za-z_][A-Za-z0-9_]{0,127}$/,
  'must be a name of A-Z a-z 0-9 _, such as KILLSWITCH_AGENT_ID',
).refine(
  name => !INHERITED.test(name) && !/^KILLSWITCH_(?!AGENT_ID$).*/.test(name),
  'must be a variable that agents alone have, such as KILLSWITCH_AGENT_ID',
);

/** Every variable of ours, as text in and as value out. A variable that is set to nothing counts as absent. */
export const environmentSchema = z.object({
  HOST: matching(
    /^[A-Za-z0-9:][A-Za-z0-9.:_%-]*$/,
    'must be an address or host name, such as 127.0.0.1',
  ).default('127.0.0.1'),
  PORT: matching(/^\d{1,5}$/, 'must be a whole number from 0 to 65535')
    .transform(Number)
    .refine(port => port <= 65_535, 'must be a whole number from 0 to 65535')
    .default(8787),
  DOCKER_HOST: matching(
    /^(unix:\/\/\/|(tcp|https?|ssh):\/\/[^\s/])\S*$/,
    'must start with unix:///, tcp:// or ssh://',
  ).optional(),
  DOCKER_CERT_PATH: z.string().optional(),
  DOCKER_TLS_VERIFY: z.string().optional(),
  DOCKER_CONFIG: z.string().optional(),
  DOCKER_CONTEXT: z.string().optional(),
  KILLSWITCH_SOCKET: pathSchema.optional(),
  KILLSWITCH_STATE_DIR: pathSchema,
  KILLSWITCH_STORE: storeSchema.default({ kind: 'sqlite' }),
  KILLSWITCH_KEY_PREFIX: matching(
    /^[A-Za-z0-9._:{}/-]{1,128}$/,
    'must have 1 to 128 characters of A-Z a-z 0-9 . _ : { } / -',
  ).default('orchestrator:'),
  KILLSWITCH_HOST_ID: matching(
    /^[A-Za-z0-9][A-Za-z0-9._:-]{0,254}$/,
    'must have 1 to 255 characters of A-Z a-z 0-9 . _ : - and start with a letter or digit',
  ),
  KILLSWITCH_SANDBOX: sandboxSchema.default({ docker: true, process: true }),
  KILLSWITCH_AGENT_LABEL: matching(
    /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/,
    'must be a label, such as killswitch.agent-id',
  ).default('killswitch.agent-id'),
  KILLSWITCH_AGENT_VARIABLE: agentVariableSchema.default('KILLSWITCH_AGENT_ID'),
  KILLSWITCH_REQUIRE_LABEL: z
    .enum(['true', 'false'], 'must be true or false')
    .transform(text => text === 'true')
    .default(true),
  KILLSWITCH_WORKTREE_ROOTS: worktreeRootsSchema.default([]),
  KILLSWITCH_QUARANTINE_TTL: ttlSchema.default(7 * 86_400_000),
  KILLSWITCH_QUARANTINE_MAX: sizeSchema.optional(),
  KILLSWITCH_EVIDENCE: z
    .enum(['on', 'off'], 'must be on or off')
    .transform(text => text === 'on')
    .default(true),
  KILLSWITCH_CLEANUP_TIMEOUT: durationSchema.refine(ms => ms > 0, 'must be longer than 0').default(30_000),
  KILLSWITCH_SECRET: secretSchema.optional(),
  KILLSWITCH_SECRET_PREVIOUS: secretSchema.optional(),
  KILLSWITCH_AUDIT_KEY: secretsSchema.optional(),
  KILLSWITCH_JWKS: keySetSchema.optional(),
  KILLSWITCH_REVOKED: z.string().optional(),
  KILLSWITCH_AUDIENCE: z.string().default('killswitch'),
  KILLSWITCH_ISSUER: z.string().optional(),
  KILLSWITCH_TOKEN_MAX_AGE: tokenMaxAgeSchema,
  KILLSWITCH_PUBLIC_URL: publicUrlSchema.default([]),
  KILLSWITCH_TRUSTED_PROXIES: proxiesSchema.default([]),
  KILLSWITCH_WATCHDOG: durationSchema
    .describe('How long the event loop may stand still before the process ends itself; 0: for ever.')
    .default(10_000),
  KILLSWITCH_LOG_LEVEL: z
    .enum(
      ['trace', 'debug', 'info', 'warn'],
      'must be trace, debug, info or warn (the audit is logged at warn)',
    )
    .default('info'),
});
