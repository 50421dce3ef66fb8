import * as z from 'zod';
import { secretSchema } from '../domain/secret.js';
import { parseDuration } from '../util/duration.js';
import { isSecureUrl, secureUrl } from '../util/secure-url.js';

/** Several, separated by commas. */
export const secretsSchema = z
  .string()
  .transform(text => text.split(',').map(secret => secret.trim()))
  .pipe(z.array(secretSchema));

export const matching = (pattern: RegExp, right: string) => z.string().regex(pattern, right);

export const durationSchema = matching(
  /^(0|\d{1,6}[smhd])$/,
  'must be a duration such as 7d, 12h, 30m, 45s, or 0',
).transform(text => parseDuration(text) ?? 0);

const HOUR = 3_600_000;

/** Whether a time to live, in milliseconds, is too short to find out that a worktree should not have gone. */
export const isTooShort = (ms: number): boolean => ms < HOUR;

export const ttlSchema = durationSchema.transform(ms => Math.max(ms, HOUR));

const KIBI: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

export const sizeSchema = matching(/^\d{1,6}[KMGT]$/, 'must be a size such as 500M, 20G or 1T').transform(
  text => Number.parseInt(text, 10) * (KIBI[text.slice(-1)] ?? 1),
);

export type StoreLocation = { readonly kind: 'sqlite' } | { readonly kind: 'valkey'; readonly url: string };

/** Not checked by `URL`, which rejects the several `host:port` of a Sentinel or Cluster. */
export const storeSchema = matching(
  /^(sqlite|rediss?:\/\/[^\s/?#]+\S*|redis\+(sentinel|cluster):\/\/[^\s/?#]+\S*)$/,
  'must be sqlite, or start with redis://, rediss://, redis+sentinel:// or redis+cluster:// and name a host',
).transform(
  (text): StoreLocation => (text === 'sqlite' ? { kind: 'sqlite' } : { kind: 'valkey', url: text }),
);

export type KeySetLocation = { readonly file: string } | { readonly url: string };

/** The public origin of a killswitch server, without a slash at its end; `undefined` if it has a path, query or hash. */
export function serverUrl(text: string): string | undefined {
  const url = secureUrl(text);
  if (!url) return undefined;
  const { origin, pathname, search, hash } = url;
  return pathname === '/' && search === '' && hash === '' ? origin : undefined;
}

export const publicUrlSchema = z.string().transform((text, context): readonly string[] => {
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
  .prefault('400d');

const isUrl = (text: string): boolean => /^[a-z][a-z0-9+.-]*:/i.test(text);

export const keySetSchema = z
  .string()
  .refine(
    text => !isUrl(text) || isSecureUrl(text),
    'must be the path of a file or an https:// URL without a password (http:// to this machine alone)',
  )
  .transform((text): KeySetLocation => (isUrl(text) ? { url: text } : { file: text }));

const proxySchema = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

export const proxiesSchema = z
  .string()
  .transform(text => text.split(',').map(one => one.trim()))
  .refine(
    all => all.every(one => proxySchema.safeParse(one).success),
    'must be addresses or CIDR blocks, separated by commas, such as 10.0.0.5,fd00::/8',
  );

export const sandboxSchema = matching(
  /^(none|(docker|process)(,(docker|process))*)$/,
  'must be docker, process, docker,process or none',
).transform(text => ({ docker: text.includes('docker'), process: text.includes('process') }));

const ROOT = /^(\/(?!\.{1,2}(\/|$))[^/\0]+)+\/?$/;

export const worktreeRootsSchema = z
  .string()
  .transform(text => text.split(':'))
  .refine(
    roots => roots.every(root => ROOT.test(root)),
    'must be absolute directories, separated by ":", none of them "/" and without "." or ".."',
  )
  .transform(roots => [...new Set(roots.map(root => root.replace(/\/$/, '')))]);

/** A relative one would be another place for each directory that a command is started in. */
export const pathSchema = matching(/^\//, 'must be an absolute path, such as /var/lib/killswitch');

/** Set by a login, a shell or a service manager in processes that are no agents, to values that may be IDs of agents. */
const INHERITED =
  /^(HOME|HOST(NAME)?|LANG(UAGE)?|LOGNAME|MAIL|OLDPWD|PATH|PORT|PWD|SHELL|SHLVL|TERM|TZ|USER|DISPLAY|INVOCATION_ID|JOURNAL_STREAM|(LC|XDG|SSH|DBUS|SYSTEMD|DOCKER)_.*|_)$/;

export const agentVariableSchema = matching(
  /^[A-Za-z_][A-Za-z0-9_]{0,127}$/,
  'must be a name of A-Z a-z 0-9 _, such as KILLSWITCH_AGENT_ID',
).refine(
  name => !INHERITED.test(name) && !/^KILLSWITCH_(?!AGENT_ID$).*/.test(name),
  'must be a variable that agents alone have, such as KILLSWITCH_AGENT_ID',
);
