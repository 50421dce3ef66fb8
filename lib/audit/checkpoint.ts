import * as z from 'zod';
import type { AuditPlace } from '../ports/audit.js';
import type { AuditKeys } from '../ports/keys.js';
import type { DocumentRef } from '../ports/records.js';
import { parseJson } from '../util/parse-json.js';

/**
 * A signed checkpoint of one section of the audit. Each contains the hash of the one before, so that they form a chain and
 * the last one covers everything, and the digests of its entries, so that where the chain breaks it is still known which
 * entries were removed, changed or inserted.
 */
export interface Checkpoint {
  /** 1, 2, … */
  readonly number: number;
  /** SHA-256 of the text of the one before, in base64; `''` for the first. */
  readonly previous: string;
  /** The position after which the section begins; `''`: the beginning of the audit. */
  readonly from: string;
  /** The last position of the section, inclusive; `from` if it has no entry. */
  readonly to: string;
  readonly entries: readonly SealedEntry[];
  /** When it was sealed: ISO 8601, UTC. */
  readonly at: string;
}

export interface SealedEntry {
  readonly position: string;
  /** SHA-256 of the stored bytes, in base64. */
  readonly digest: string;
}

const bodySchema = z.strictObject({
  number: z.int().positive(),
  previous: z.string(),
  from: z.string(),
  to: z.string(),
  /** `position:digest`, separated by spaces. */
  entries: z.string(),
  at: z.iso.datetime(),
  key: z.string(),
});
const textSchema = z.strictObject({ body: z.string(), signature: z.string() });

/** `bad`: the signature is invalid; `unknown`: signed by a key that is not ours; `foreign`: not a checkpoint. */
export type CheckpointReading =
  | { readonly trust: 'good'; readonly checkpoint: Checkpoint }
  | { readonly trust: 'unknown'; readonly key: string }
  | { readonly trust: 'bad' | 'foreign' };

export const checkpointRef = (number: number): DocumentRef => ({ kind: 'checkpoint', id: `${number}` });

export const sealEntry = ({ position, bytes }: AuditPlace, { digest }: AuditKeys): SealedEntry => ({
  position,
  digest: digest(bytes),
});

/** @returns `''` if there is no text */
export const hashOf = (text: string | null | undefined, { digest }: AuditKeys): string =>
  text ? digest(text) : '';

/** The signed text to store. */
export function encodeCheckpoint(checkpoint: Checkpoint, keys: AuditKeys): string {
  const entries = checkpoint.entries.map(entry => `${entry.position}:${entry.digest}`).join(' ');
  const body = JSON.stringify({ ...checkpoint, entries, key: keys.id });
  return JSON.stringify({ body, signature: keys.sign(body) });
}

const parsed = <T extends z.ZodType>(schema: T, text: string): z.output<T> | undefined =>
  schema.safeParse(parseJson(text)).data;

function readEntry(text: string): SealedEntry {
  const at = text.lastIndexOf(':');
  return { position: text.slice(0, at), digest: text.slice(at + 1) };
}

/** Reads an untrusted text; only `good` is to be believed. */
export function readCheckpoint(text: string | null | undefined, keys: AuditKeys): CheckpointReading {
  const outer = parsed(textSchema, text ?? '');
  const body = outer && parsed(bodySchema, outer.body);
  if (!body) return { trust: 'foreign' };
  const { key, entries, ...rest } = body;
  const trust = keys.check(key, outer.body, outer.signature);
  if (trust === 'unknown') return { trust, key };
  if (trust === 'bad') return { trust };
  return { trust, checkpoint: { ...rest, entries: entries === '' ? [] : entries.split(' ').map(readEntry) } };
}

/** How far the search looks ahead: bounded, so that a writer of the store cannot make it run for ever. */
const STEPS = [...Array.from({ length: 16 }, (_, n) => n + 1), 32, 64, 128, 256, 512, 1_024];

type Reader = { read(documents: readonly DocumentRef[]): Promise<readonly (string | null | undefined)[]> };

/**
 * The number of the last checkpoint in the store, searched from a number that is not later; that number if none follows.
 * A few missing ones do not end the search.
 * @throws KillswitchError `store_unavailable`
 */
export async function lastNumber(records: Reader, from: number): Promise<number> {
  for (let number = from; ; ) {
    const texts = await records.read(STEPS.map(step => checkpointRef(number + step)));
    const found = texts.findLastIndex(text => text !== null);
    if (found < 0) return number;
    number += STEPS[found] as number;
  }
}
