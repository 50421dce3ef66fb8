export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

interface Credentials {
  readonly username?: string;
  readonly password?: string;
}

/** A parsed store URL. */
export type StoreAddress = Credentials &
  (
    | { readonly kind: 'single'; readonly endpoint: Endpoint; readonly tls: boolean; readonly db: number }
    | {
        readonly kind: 'sentinel';
        readonly sentinels: readonly Endpoint[];
        readonly master: string;
        readonly db: number;
        /** Credentials for the Sentinels; those before the `@` are for the master. */
        readonly sentinel: Credentials;
      }
    | { readonly kind: 'cluster'; readonly nodes: readonly Endpoint[] }
  );

const FORM =
  /^(?<scheme>redis|rediss|redis\+sentinel|redis\+cluster):\/\/(?:(?<user>[^@:/]*)(?::(?<password>[^@/]*))?@)?(?<hosts>[^@/?#]+)(?:\/(?<path>[^?#]*))?(?:\?(?<query>[^#]*))?$/;
const ENDPOINT = /^(?:\[(?<v6>[0-9A-Fa-f:.]+)\]|(?<name>[^:[\]\s]+))(?::(?<port>\d{1,5}))?$/;
const FORMS =
  'redis://host:port/db, rediss://host:port/db, redis+sentinel://host:port,host:port/name or redis+cluster://host:port,host:port';

/** Never quotes the URL, which may contain a password. */
const bad = (why: string): TypeError =>
  new TypeError(`The URL of the store ${why}; it has the form ${FORMS}`);

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw bad('has a broken percent-encoding');
  }
}

function endpoints(hosts: string, defaultPort: number): Endpoint[] {
  return hosts.split(',').map(text => {
    const { v6, name, port = defaultPort } = ENDPOINT.exec(text)?.groups ?? {};
    const host = v6 ?? name;
    if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
      throw bad('has a host or a port that is not valid');
    }
    return { host, port: Number(port) };
  });
}

function database(text = ''): number {
  if (!/^\d{0,5}$/.test(text)) throw bad('has a database that is not a number');
  return Number(text);
}

function credentials(username: string | null | undefined, password: string | null | undefined): Credentials {
  return {
    ...(username ? { username: decode(username) } : {}),
    ...(password ? { password: decode(password) } : {}),
  };
}

/**
 * @param url `redis://`, `rediss://` (TLS), `redis+sentinel://` (the master's name as path, then optionally `/db`;
 *   `?sentinelUsername=&sentinelPassword=` where the Sentinels ask for a password too) or `redis+cluster://`, each
 *   with an optional `user:password@`, percent-encoded
 * @throws TypeError, in words that may be shown
 */
export function parseStoreUrl(url: string): StoreAddress {
  const { scheme, user, password, hosts = '', path = '', query } = FORM.exec(url)?.groups ?? {};
  if (scheme === undefined) throw bad('cannot be parsed');
  if (query !== undefined && scheme !== 'redis+sentinel') throw bad('has parameters');
  const account = credentials(user, password);
  if (account.username !== undefined && account.password === undefined)
    throw bad('has a user without a password');
  if (scheme === 'redis+cluster') {
    if (path !== '') throw bad('names a database, of which a cluster has one only');
    return { kind: 'cluster', nodes: endpoints(hosts, 6379), ...account };
  }
  if (scheme === 'redis+sentinel') {
    const [name = '', db, ...more] = path.split('/');
    if (name === '' || more.length > 0) throw bad('does not name the master');
    const parameters = new URLSearchParams(query);
    const sentinel = {
      ...pick(parameters, 'sentinelUsername', 'username'),
      ...pick(parameters, 'sentinelPassword', 'password'),
    };
    if (parameters.size > 0) throw bad('has parameters that are not known');
    return {
      kind: 'sentinel',
      sentinels: endpoints(hosts, 26_379),
      master: decode(name),
      db: database(db),
      sentinel,
      ...account,
    };
  }
  const [endpoint, ...others] = endpoints(hosts, 6379);
  if (endpoint === undefined || others.length > 0) throw bad('has several hosts');
  return { kind: 'single', endpoint, tls: scheme === 'rediss', db: database(path), ...account };
}

/** Takes one parameter out, already percent-decoded. */
function pick(parameters: URLSearchParams, parameter: string, name: keyof Credentials): Credentials {
  const value = parameters.get(parameter);
  parameters.delete(parameter);
  return value ? { [name]: value } : {};
}
