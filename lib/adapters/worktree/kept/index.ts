import { lstatSync, readdirSync } from 'node:fs';
import pLimit from 'p-limit';
import { KillswitchError } from '../../../errors.js';
import type { EvidenceFile, KeptEntry, Quarantine } from '../../../quarantine.js';
import { sweepEntry } from '../delete.js';
import type { Anchor } from '../directory.js';
import { openRoots } from '../roots.js';
import { sweepRoot } from '../sweep.js';
import { dateOf, openSweeping, type SweepingOptions } from '../sweeping.js';
import { errno, Verdict } from '../verdict.js';
import { compare, toChanges } from './changes.js';
import { diff } from './diff.js';
import { type Found, findEntries, newestFirst, pick } from './find.js';
import { measure } from './measure.js';
import { type Opened, openFound } from './open.js';
import { restore } from './restore.js';

export interface QuarantineOptions extends SweepingOptions {
  /** Directories that worktrees may live in; trusted. */
  readonly roots: readonly string[];
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

function filesIn(path: string): readonly EvidenceFile[] {
  try {
    return readdirSync(path)
      .sort()
      .map(name => ({ path: `${path}/${name}`, bytes: lstatSync(`${path}/${name}`).size }));
  } catch {
    return [];
  }
}

/** Reads what killed agents left on this host, brings it back, and deletes it; needs no server and no store. */
export function openQuarantine(options: QuarantineOptions): Quarantine {
  const sweeping = openSweeping(options);
  const { openAnchor, answers, remover } = sweeping;
  const roots = openRoots(options.roots);
  const { path } = options;

  async function answering(): Promise<string[]> {
    const found: string[] = [];
    for (const { real } of roots.list()) if (real !== undefined && (await answers(real))) found.push(real);
    return found;
  }
  const all = async (): Promise<readonly Found[]> => findEntries(sweeping, await answering());

  function toEntry(found: Found): KeptEntry {
    const { name, agentId, operationId, manifest, at, until } = found;
    const { host, repository, worktreePath, branch, commit, ref, unkept, outcome } = manifest ?? {};
    const told = { host, repository, worktreePath, branch, commit, ref, unkept, outcome };
    const present = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
    return {
      ...{ name, agentId, operationId, path: found.path },
      ...{ at: dateOf(at), until: dateOf(until), ...present },
      worktree: lstatSync(`${found.path}/worktree`, { throwIfNoEntry: false })?.isDirectory() === true,
      evidence: filesIn(`${found.path}/evidence`),
    };
  }

  async function sized(found: Found): Promise<KeptEntry> {
    const anchor = openAnchor();
    try {
      const bytes = await measure(openFound(anchor, found).entry, MEASURING_MS);
      return { ...toEntry(found), ...(bytes !== undefined && { bytes }) };
    } finally {
      anchor.release();
    }
  }

  /** Works on one entry, which is open meanwhile. What goes wrong is told in words that may be shown. */
  async function on<T>(name: string, work: (opened: Opened, found: Found, anchor: Anchor) => Promise<T>) {
    const found = pick(await all(), name);
    const anchor = openAnchor();
    try {
      return await work(openFound(anchor, found), found, anchor);
    } catch (error) {
      if (error instanceof KillswitchError) throw error;
      throw new KillswitchError('internal', inWords(error), { cause: error });
    } finally {
      anchor.release();
    }
  }

  return {
    async list() {
      const turns = pLimit(MEASURING_AT_A_TIME);
      return Promise.all((await all()).toSorted(newestFirst).map(found => turns(sized, found)));
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
      on(name, (opened, found, anchor) => restore({ anchor, found, opened, remover, path }, to)),
    async purge(name) {
      const found = pick(await all(), name);
      await sweepEntry(sweeping, found, { atOnce: true });
      return (await all()).every(left => left.name !== found.name);
    },
    async purgeExpired() {
      let deleted = 0;
      for (const root of await answering()) deleted += await sweepRoot(sweeping, root);
      return deleted;
    },
    async close() {
      sweeping.close();
    },
  };
}
