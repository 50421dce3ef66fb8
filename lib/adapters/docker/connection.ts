import { existsSync, readFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type SecureContextOptions } from 'node:tls';
import { connectSsh, type SshAddress } from './ssh.js';

/** Where the engine listens. */
export type Address =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls: boolean }
  | ({ readonly kind: 'ssh' } & SshAddress);

/** Where the Docker CLI keeps its settings, and which of its contexts to use. */
export interface DockerClient {
  /** `~/.docker`, or what `DOCKER_CONFIG` names. */
  readonly directory: string;
  /** As `DOCKER_CONTEXT`; otherwise the one that was chosen with `docker context use`. */
  readonly context?: string;
}

export interface ConnectionOptions {
  /** A socket, or what `DOCKER_HOST` holds: `unix://`, `npipe://`, `tcp://`, `http://`, `https://` or `ssh://`. */
  readonly host?: string | { readonly socketPath: string } | undefined;
  /** Directory with `ca.pem`, `cert.pem` and `key.pem`, as `DOCKER_CERT_PATH` names it; makes `tcp://` use TLS. */
  readonly certPath?: string | undefined;
  /** As `DOCKER_TLS_VERIFY`: makes `tcp://` use TLS. Under TLS the engine's certificate is always verified. */
  readonly tlsVerify?: boolean | undefined;
  /** Where to look for the address if none is given; without, the default socket is used. */
  readonly client?: DockerClient | undefined;
}

export const DEFAULT_SOCKET = '/var/run/docker.sock';

/**
 * Reads the options as the Docker CLI does. Throws a `TypeError` that does not repeat the value.
 * Source: https://docs.docker.com/reference/cli/docker/#environment-variables
 */
export function parseAddress({ host, certPath, tlsVerify }: ConnectionOptions): Address {
  if (host === undefined || host === '') return { kind: 'socket', path: DEFAULT_SOCKET };
  if (typeof host === 'object') return { kind: 'socket', path: host.socketPath };
  const [, scheme = 'tcp', rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/s.exec(host) ?? [];
  if (scheme === 'unix') return { kind: 'socket', path: rest || DEFAULT_SOCKET };
  if (scheme === 'npipe') return { kind: 'socket', path: rest || '//./pipe/docker_engine' };
  const { host: name, port, user } = parseAuthority(rest);
  switch (scheme) {
    case 'tcp':
    case 'http':
    case 'https': {
      const tls = scheme === 'https' || (scheme === 'tcp' && (certPath !== undefined || tlsVerify === true));
      return { kind: 'tcp', host: name, port: port ?? (tls ? 2376 : 2375), tls };
    }
    case 'ssh':
      return { kind: 'ssh', host: name, ...(port && { port }), ...(user && { user }) };
    default:
      throw new TypeError('The address of the engine has an unknown scheme');
  }
}

interface Authority {
  readonly host: string;
  readonly port: number | undefined;
  readonly user: string | undefined;
}

function parseAuthority(rest: string): Authority {
  try {
    // The URL parser checks less in a scheme that it does not know; and no engine has FTP's default port.
    const { hostname, port, username } = new URL(`ftp://${rest}`);
    return {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(port) || undefined,
      user: decodeURIComponent(username) || undefined,
    };
  } catch {
    throw new TypeError('The address of the engine cannot be read');
  }
}

/** A context may have the certificate of its authority only. */
function readCertificates(directory: string): SecureContextOptions {
  const read = (name: string): Buffer => readFileSync(join(directory, name));
  const isServerAlone = !existsSync(join(directory, 'cert.pem')) && existsSync(join(directory, 'ca.pem'));
  if (isServerAlone) return { ca: read('ca.pem') };
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
}

/** Prepares connections to the engine; certificates are read here, once. Throws if they cannot be read. */
export function prepareConnection(options: ConnectionOptions): () => Duplex {
  const address = parseAddress(options);
  switch (address.kind) {
    case 'socket':
      return () => connectPlain({ path: address.path });
    case 'ssh':
      return () => connectSsh(address);
    case 'tcp': {
      const { host, port, tls } = address;
      if (!tls) return () => connectPlain({ host, port });
      const certificates = options.certPath === undefined ? {} : readCertificates(options.certPath);
      return () => connectTls({ host, port, ...certificates });
    }
  }
}
