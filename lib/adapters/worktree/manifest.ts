import { closeSync, constants, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import * as z from 'zod';
import { parseJson } from '../../util/parse-json.js';
import type { Directory } from './directory.js';
import { readSmall } from './files.js';

const NAME = 'manifest.json';
const LIMIT = 65_536;

/** The contents of a quarantine entry, for restoring it. Paths and names are the agent's and untrusted. */
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
  /** Of its HEAD. */
  commit: z.string().optional(),
  /** The ref that keeps this commit in the repository, for as long as the entry holds the worktree. */
  ref: z.string().optional(),
  /** Why nothing keeps it. */
  unkept: z.string().optional(),
  /** What became of the worktree; those who knew nothing of this member moved it. */
  outcome: z.enum(['removed', 'alreadyGone']).optional(),
  /** ISO 8601, UTC. */
  clearedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** The manifest, if it is whole and we wrote it. */
export function readManifest(entry: Directory): Manifest | undefined {
  const text = readSmall(entry, NAME, { limit: LIMIT, ours: true });
  return text === undefined ? undefined : manifestSchema.safeParse(parseJson(text)).data;
}

/**
 * Writes the manifest, in the place of an older one.
 * @returns its path, for the caller to bring it to the disk
 */
export function writeManifest(entry: Directory, manifest: Manifest): string {
  const draft = `${entry.access}/${NAME}.new`;
  rmSync(draft, { force: true });
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const fd = openSync(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    writeSync(fd, `${JSON.stringify(manifest, undefined, 2)}\n`);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, `${entry.access}/${NAME}`);
  return `${entry.path}/${NAME}`;
}

export function removeManifest(entry: Directory): void {
  for (const name of [NAME, `${NAME}.new`]) rmSync(`${entry.access}/${name}`, { force: true });
}
