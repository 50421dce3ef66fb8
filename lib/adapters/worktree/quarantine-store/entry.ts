import { lstatSync, readdirSync } from 'node:fs';
import type { EvidenceFile, KeptEntry } from '../../../ports/quarantine.js';
import { EVIDENCE, type Loose } from '../evidence.js';
import { dateOf } from '../sweep-context.js';
import type { Found } from './find.js';

/** What is kept under one name: an entry of the quarantine, evidence by itself, or both. */
export interface Kept {
  readonly name: string;
  readonly agentId: string;
  readonly operationId: string;
  readonly path: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly until: number;
  readonly found?: Found;
  readonly loose?: Loose;
}

function ofLoose(loose: Loose, ttlMs: number): Kept {
  const [agentId = '', operationId = ''] = loose.name.split('~');
  return { ...loose, agentId, operationId, until: loose.at + ttlMs, loose };
}

/** Puts together what has the same name. */
export function join(found: readonly Found[], loose: readonly Loose[], ttlMs: number): Kept[] {
  const alone = new Map(loose.map(each => [each.name, each]));
  const entries = found.map((each): Kept => {
    const own = alone.get(each.name);
    alone.delete(each.name);
    const { name, agentId, operationId, path, at, until } = each;
    return { name, agentId, operationId, path, at, until, found: each, ...(own && { loose: own }) };
  });
  return [...entries, ...[...alone.values()].map(each => ofLoose(each, ttlMs))];
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

/** As it may be shown. */
export function toEntry({ name, agentId, operationId, path, at, until, found, loose }: Kept): KeptEntry {
  const { host, repository, worktreePath, branch, commit, ref, unkept, outcome } = found?.manifest ?? {};
  const noted = { host, repository, worktreePath, branch, commit, ref, unkept, outcome };
  const present = Object.fromEntries(Object.entries(noted).filter(([, value]) => value !== undefined));
  const worktree = found && lstatSync(`${path}/worktree`, { throwIfNoEntry: false })?.isDirectory();
  return {
    ...{ name, agentId, operationId, path, at: dateOf(at), until: dateOf(until), ...present },
    worktree: worktree === true,
    evidence: [...filesIn(`${path}/${EVIDENCE}`), ...(loose ? filesIn(loose.path) : [])],
  };
}
