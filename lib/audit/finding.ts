import type { Tampering } from './compare.js';

/** A difference between the audit and what was sealed. */
export interface Finding {
  readonly kind:
    | `entries_${Tampering}`
    | 'checkpoint_missing'
    | 'checkpoint_forged'
    | 'checkpoint_unknown_key'
    | 'checkpoint_unlinked'
    /** The store lacks a checkpoint that this host has seen, or has a different one. */
    | 'store_behind'
    | 'store_other';
  /** The number of the checkpoint; with `lastCheckpoint`, the first and the last of several. */
  readonly checkpoint: number;
  readonly lastCheckpoint?: number;
  /** The ID of the key that it claims to be signed with. */
  readonly key?: string;
  /** When it was sealed. */
  readonly at?: string;
  /** Positions of the first and the last entry in the store, and how many there are. */
  readonly first?: string;
  readonly last?: string;
  readonly count?: number;
}

const WHAT: Readonly<Record<Finding['kind'], string>> = {
  entries_removed: 'removed',
  entries_changed: 'changed',
  entries_moved: 'reordered',
  entries_inserted: 'inserted later',
  checkpoint_missing: 'missing',
  checkpoint_forged: 'not what was signed',
  checkpoint_unknown_key: 'signed with a key that is not configured here',
  checkpoint_unlinked: 'not the successor of the one before',
  store_behind: 'missing, but this host has seen it: the store was rolled back or emptied',
  store_other: 'not the one that this host has seen',
};

/** The finding as one sentence. */
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

/** Collects the first findings, and merges equal ones of consecutive checkpoints. */
export function collectFindings(most: number) {
  const findings: Finding[] = [];
  let count = 0;
  return {
    findings,
    /** How many findings there were, kept or not. */
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
