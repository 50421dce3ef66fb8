import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { ConnectionOptions } from './connection.js';

const chosen = z.object({ currentContext: z.string().optional() });
const described = z.object({
  Name: z.string(),
  Endpoints: z.object({ docker: z.object({ Host: z.string() }) }),
});

/** A file of another user could lead root to an engine of that user's. */
function isOurs(path: string): boolean {
  const { uid } = statSync(path);
  return uid === 0 || uid === process.getuid?.();
}

function read<T>(path: string, schema: z.ZodType<T>): T | undefined {
  try {
    return isOurs(path) ? schema.parse(JSON.parse(readFileSync(path, 'utf8'))) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Where no address is given, finds the engine as the Docker CLI does: by `DOCKER_CONTEXT`, by the context that was
 * chosen, by the default socket, by Docker Desktop's. Throws a `TypeError` if the context that was asked for is not there.
 * Source: https://docs.docker.com/engine/manage-resources/contexts/
 */
export function byContext(options: ConnectionOptions, defaultSocket: string): ConnectionOptions {
  const { host, client, ...rest } = options;
  if (client === undefined || (host !== undefined && host !== '')) return options;
  const { directory, context } = client;
  const name = context || read(join(directory, 'config.json'), chosen)?.currentContext || 'default';
  if (name !== 'default') {
    const key = createHash('sha256').update(name).digest('hex');
    const meta = read(join(directory, 'contexts', 'meta', key, 'meta.json'), described);
    const certificates = join(directory, 'contexts', 'tls', key, 'docker');
    if (meta?.Name === name) {
      const certPath = existsSync(certificates) ? certificates : undefined;
      return { ...rest, host: meta.Endpoints.docker.Host, certPath };
    }
    if (context) throw new TypeError('The Docker context that DOCKER_CONTEXT names cannot be read');
  }
  const desktop = join(directory, 'run', 'docker.sock');
  const socketPath = !existsSync(defaultSocket) && existsSync(desktop) ? desktop : defaultSocket;
  return { ...rest, host: { socketPath } };
}
