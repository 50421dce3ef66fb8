import type { Tampering } from './compare.js';

/** A place where the audit is not what was sealed. */
export interface Finding {
  readonly kind:
    | `entries_${Tampering}`
    | 'checkpoint_missing'
    | 'checkpoint_forged'
    | 'checkpoint_unknown_key'
    | 'checkpoint_unlinked'
    /** The store lacks a checkpoint that this host has seen, or has another one in its place. */
    | 'store_behind'
    | 'store_other';
  /** Its number, or the first and the last of several. */
  readonly checkpoint: number;
  readonly lastCheckpoint?: number;
  /** The ID of the key that it names. */
  readonly key?: string;
  /** When it was sealed. */
  readonly at?: string;
  /** Entries by their position in the store, and how many they are. */
  readonly first?: string;
  readonly last?: string;
  readonly count?: number;
}

const WHAT: Readonly<Record<Finding['kind'], string>> = {
  entries_removed: 'removed',
  entries_changed: 'changed',
  entries_moved: 'put in another order',
  entries_inserted: 'put in later',
  checkpoint_missing: 'missing',
  checkpoint_forged: 'not what was signed there',
  checkpoint_unknown_key: 'signed with a key that is not given here',
  checkpoint_unlinked: 'not what follows the one before',
  store_behind: 'gone, though this host has seen it: the store was set back or emptied',
  store_other: 'not the one that this host has seen in its place',
};

/** The finding in plain words. */
export function sentenceOf({
  kind,
  checkpoint,
  lastCheckpoint,
  key,
  at,
  first,
  last,
  count,
}: Finding): string {
  const sealed = at === undefined ? '' : `, sealed at ${at}`;
  if (count === 1) return `Entry ${first} was ${WHAT[kind]} (checkpoint ${checkpoint}${sealed}).`;
  if (count !== undefined)
    return `${count} entries, ${first} to ${last}, were ${WHAT[kind]} (checkpoint ${checkpoint}${sealed}).`;
  const whose = key === undefined ? '' : ` (its ID is ${key})`;
  return lastCheckpoint === undefined
    ? `Checkpoint ${checkpoint}${sealed && `${sealed},`} is ${WHAT[kind]}${whose}.`
    : `Checkpoints ${checkpoint} to ${lastCheckpoint} are ${WHAT[kind]}${whose}.`;
}

/** Keeps the first findings, and one for the same of checkpoints that follow each other. */
export function collectFindings(most: number) {
  const findings: Finding[] = [];
  let count = 0;
  return {
    findings,
    /** How many there were, kept or not. */
    count: () => count,
    tell(finding: Finding): void {
      const before = findings.at(-1);
      const { kind, checkpoint, key } = finding;
      const end = before?.lastCheckpoint ?? before?.checkpoint;
      const isSame = before?.kind === kind && before.key === key && finding.count === undefined;
      if (before && isSame && end === checkpoint - 1) {
        findings[findings.length - 1] = { ...before, lastCheckpoint: checkpoint };
        return;
      }
      count += 1;
      if (findings.length < most) findings.push(finding);
    },
  };
}
