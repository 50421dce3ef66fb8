import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { type Directory, isThere } from './directory.js';
import { readSmall } from './files.js';

const NAME = 'manifest.json';
const LIMIT = 65_536;

/** What lies in a quarantine entry, for whoever restores it. Paths and names are the agent's and not to be trusted. */
const manifestSchema = z.object({
  version: z.literal(1),
  agentId: z.string(),
  operationId: z.string(),
  host: z.string().optional(),
  repository: z.string().optional(),
  worktreePath: z.string(),
  /** Name of the administrative directory in `worktrees/`, if it was moved here as `admin`. */
  adminName: z.string().optional(),
  /** The entry in the repository that holds `admin`, where it could not be moved here. */
  repositoryEntry: z.string().optional(),
  branch: z.string().optional(),
  commit: z.string().optional(),
  /** ISO 8601, UTC. */
  clearedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** The manifest, if it is whole and we wrote it. */
export function readManifest(entry: Directory): Manifest | undefined {
  const text = readSmall(entry, NAME, { limit: LIMIT, ours: true });
  if (text === undefined) return undefined;
  try {
    return manifestSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * Writes the manifest, in the place of what a crash may have left of it.
 * @returns its path, for the caller to bring it to the disk
 */
export function writeManifest(entry: Directory, manifest: Manifest): string {
  if (isThere(entry, NAME)) removeManifest(entry);
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const fd = openSync(`${entry.access}/${NAME}`, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    writeSync(fd, `${JSON.stringify(manifest, undefined, 2)}\n`);
  } finally {
    closeSync(fd);
  }
  return `${entry.path}/${NAME}`;
}

export const removeManifest = (entry: Directory): void => rmSync(`${entry.access}/${NAME}`, { force: true });
