import { rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import pLimit from 'p-limit';
import { KillswitchError } from '../../../domain/errors.js';
import type { KeptEntry, Quarantine } from '../../../ports/quarantine.js';
import { sweepEntry } from '../delete.js';
import type { Anchor } from '../directory.js';
import { type Loose, looseIn } from '../evidence.js';
import { measure } from '../measure.js';
import { answering, createRoots } from '../roots.js';
import { sweepRoot } from '../sweep.js';
import { openSweeping, type SweepingOptions } from '../sweep-context.js';
import { errno, silent, Verdict } from '../verdict.js';
import { compare, toChanges } from './changes.js';
import { diff } from './diff.js';
import { join, type Kept, toEntry } from './entry.js';
import { type Found, findEntries, newestFirst, openEntry, pick } from './find.js';
import { type Opened, openFound } from './open.js';
import { restore } from './restore.js';

export interface QuarantineOptions extends SweepingOptions {
  /** Directories that worktrees may live in; trusted. */
  readonly roots: readonly string[];
  /** Where evidence is that no entry holds. */
  readonly evidenceDirectory: string;
  /** Where to look for git: the operator's own PATH. */
  readonly path: string;
}

/** For finding out how large one entry is. */
const MEASURING_MS = 1_000;
const MEASURING_AT_A_TIME = 4;

/** What may be said of an error; the errno name of a system error is no secret. */
function inWords(error: unknown): string {
  if (error instanceof Verdict) return error.message;
  return `something failed inside${errno(error) === '' ? '' : `: ${errno(error)}`}`;
}

/** Reads what killed agents left on this host, brings it back, and deletes it; needs no server and no store. */
export function openQuarantine(options: QuarantineOptions): Quarantine {
  const sweeping = openSweeping(options);
  const { openAnchor, liveness, remover } = sweeping;
  const roots = createRoots(options.roots, liveness);
  const { path, evidenceDirectory } = options;

  async function all(): Promise<readonly Kept[]> {
    const found = await findEntries(sweeping, await answering(roots, liveness));
    return join(found, looseIn(evidenceDirectory), sweeping.ttlMs).toSorted(newestFirst);
  }

  async function sized(kept: Kept): Promise<KeptEntry> {
    if (!(await liveness.answers(kept.path))) return toEntry(kept);
    const anchor = openAnchor();
    try {
      const directory = kept.found ? openEntry(anchor, kept.found) : anchor.open(kept.path);
      const bytes = await measure(directory, MEASURING_MS);
      return { ...toEntry(kept), ...(bytes !== undefined && { bytes }) };
    } finally {
      anchor.release();
    }
  }

  /** Works on one entry, which is open meanwhile. Errors are in words that may be shown. */
  async function on<T>(name: string, work: (opened: Opened, found: Found, anchor: Anchor) => Promise<T>) {
    const { found } = pick(await all(), name);
    if (!found) throw new KillswitchError('not_found', `Only evidence of ${name} is in the quarantine`);
    const { repository } = found.manifest ?? {};
    const anchor = openAnchor();
    try {
      if (!(await liveness.answers(found.path))) throw silent();
      if (repository !== undefined && !(await liveness.answers(repository)))
        throw new Verdict('pending', 'the file system of the repository does not answer');
      return await work(openFound(anchor, found), found, anchor);
    } catch (error) {
      if (error instanceof KillswitchError) throw error;
      throw new KillswitchError('internal', inWords(error), { cause: error });
    } finally {
      anchor.release();
    }
  }

  const removeLoose = ({ path: directory }: Loose) => rm(directory, { recursive: true, force: true });

  return {
    async list() {
      const turns = pLimit(MEASURING_AT_A_TIME);
      return Promise.all((await all()).map(kept => turns(sized, kept)));
    },
    find: async name => sized(pick(await all(), name)),
    changes: name =>
      on(name, async opened => {
        if ('why' in opened.git || opened.worktree === undefined) return undefined;
        const compared = await compare(opened, path);
        compared.git.close();
        return toChanges(compared);
      }),
    diff: (name, { whole = false } = {}) => on(name, opened => diff(opened, path, whole)),
    restore: (name, to) =>
      on(name, async (opened, found, anchor) => {
        // Links in it are the operator's own; where they lead has to answer, too.
        await liveness.realpath(dirname(resolve(to)));
        return restore({ anchor, found, opened, remover, path }, to);
      }),
    async purge(name) {
      const { found, loose, name: whole } = pick(await all(), name);
      if (found) await sweepEntry(sweeping, found, { early: true, anyway: true });
      if (loose) await removeLoose(loose);
      return (await all()).every(left => left.name !== whole);
    },
    async purgeExpired() {
      let deleted = 0;
      for (const root of await answering(roots, liveness)) deleted += await sweepRoot(sweeping, root);
      const due = looseIn(evidenceDirectory).filter(({ at }) => at + sweeping.ttlMs <= sweeping.now());
      await Promise.all(due.map(removeLoose));
      return deleted + due.length;
    },
    async close() {
      sweeping.close();
    },
  };
}
