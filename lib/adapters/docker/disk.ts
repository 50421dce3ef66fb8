import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { ContainerId } from './container-id.js';
import type { Found } from './engine.js';

/** Where Docker keeps its files unless it is told otherwise. */
export const DATA_ROOT = '/var/lib/docker';

const LIMIT = 4 << 20;

const written = z.object({
  ID: z.string(),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
});

/**
 * The labels of a container as Docker itself has written them down, which asks no engine; undefined where there is no
 * such file, or none that this user may read and only root or this user may write. Podman's files are a database.
 */
export async function labelsOnDisk(dataRoot: string, id: ContainerId): Promise<Found['labels'] | undefined> {
  try {
    const path = join(dataRoot, 'containers', id, 'config.v2.json');
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { uid, mode, size } = await file.stat();
      const isTheirs = uid !== 0 && uid !== process.getuid?.();
      if (isTheirs || (mode & 0o022) !== 0 || size > LIMIT) return undefined;
      const { ID, Config } = written.parse(JSON.parse(await file.readFile('utf8')));
      return ID === id ? (Config.Labels ?? {}) : undefined;
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
