import { lstatSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import type { Log } from '../../ports/runtime.js';
import { type Anchor, anchored, type Directory, walk } from './directory.js';
import type { Liveness } from './liveness.js';
import { componentsOf } from './place.js';
import { enterOwn, entryName, isEntryName, makeOwn } from './quarantine.js';
import { errno, isGone } from './verdict.js';

/** What was left of a container. */
interface Evidence {
  readonly logs?: Uint8Array;
  readonly inspect?: string;
}

/** Evidence that no quarantine entry holds: its agent had no worktree, or that was not cleared yet. */
export interface Loose {
  readonly name: string;
  readonly path: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface EvidenceKeeper {
  keep(containerId: string, agentId: string, operationId: string, evidence: Evidence): Promise<void>;
  /** An entry is there by now: what was kept for it goes in. */
  adopt(name: string, entryPath: string): Promise<void>;
  loose(): readonly Loose[];
  remove(name: string): Promise<void>;
}

interface EvidenceOptions {
  /** Absolute path; only this user has any business there. Made when it is needed. */
  readonly directory: string;
  readonly openAnchor: () => Anchor;
  /** Whether the filesystem at a path answers. */
  readonly answers: Liveness['answers'];
  readonly log: Log;
}

/** Its name in an entry. */
export const EVIDENCE = 'evidence';
/** Entries whose evidence may still be on its way. */
const REMEMBERED = 10_000;
const ID_LENGTH = 12;

async function write(path: string, content: string | Uint8Array): Promise<void> {
  await rm(path, { force: true });
  const file = await open(path, 'wx', 0o600);
  await file.writeFile(content).finally(() => file.close());
}

/** Renames one file into an entry, or copies it where that is on another filesystem. */
function moveIn(from: string, to: Directory, name: string): void {
  const target = `${to.access}/${name}`;
  try {
    renameSync(from, target);
  } catch (error) {
    if (errno(error) !== 'EXDEV') throw error;
    rmSync(target, { force: true });
    writeFileSync(target, readFileSync(from), { flag: 'wx', mode: 0o600 });
    rmSync(from);
  }
}

/**
 * Keeps evidence: in the agent's quarantine entry, or by itself in the state directory as long as there is none.
 * Which of both is made first does not matter.
 */
export function createEvidenceKeeper({
  directory,
  openAnchor,
  answers,
  log,
}: EvidenceOptions): EvidenceKeeper {
  const entries = new Map<string, string>();

  function moveAll(name: string, entryPath: string): void {
    const from = `${directory}/${name}`;
    if (!lstatSync(from, { throwIfNoEntry: false })?.isDirectory()) return;
    anchored(openAnchor, anchor => {
      const names = componentsOf(entryPath) ?? [];
      const parent = walk(anchor, anchor.open('/'), names.slice(0, -1));
      const to = makeOwn(anchor, enterOwn(anchor, parent, names.at(-1) ?? ''), EVIDENCE);
      for (const file of readdirSync(from)) moveIn(`${from}/${file}`, to, file);
    });
    rmdirSync(from);
  }

  async function tryToMove(name: string): Promise<void> {
    const path = entries.get(name);
    if (path === undefined || !(await answers(path))) return;
    try {
      moveAll(name, path);
    } catch (err) {
      // It stays where it is, and is found there.
      if (!isGone(err)) log.warn({ name, err }, 'evidence was not moved into the quarantine');
    }
  }

  return {
    async keep(containerId, agentId, operationId, { logs, inspect }) {
      const name = entryName(agentId, operationId);
      const own = `${directory}/${name}`;
      await mkdir(own, { recursive: true, mode: 0o700 });
      const file = `${own}/container-${containerId.slice(0, ID_LENGTH)}`;
      if (inspect !== undefined) await write(`${file}.json`, inspect);
      if (logs !== undefined) await write(`${file}.log`, logs);
      await tryToMove(name);
    },
    async adopt(name, entryPath) {
      entries.set(name, entryPath);
      const [oldest] = entries.keys();
      if (oldest !== undefined && entries.size > REMEMBERED) entries.delete(oldest);
      await tryToMove(name);
    },
    loose: () => looseIn(directory),
    remove: name => rm(`${directory}/${name}`, { recursive: true, force: true }),
  };
}

/** What lies in a directory of evidence. */
export function looseIn(directory: string): readonly Loose[] {
  try {
    return readdirSync(directory)
      .filter(isEntryName)
      .map(name => ({ name, path: `${directory}/${name}`, at: lstatSync(`${directory}/${name}`).mtimeMs }));
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}
