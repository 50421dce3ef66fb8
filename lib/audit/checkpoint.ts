import * as z from 'zod';
import type { AuditPlace } from '../ports/audit.js';
import type { AuditKeys } from '../ports/keys.js';
import type { DocumentRef } from '../ports/records.js';
import { parseJson } from '../util/parse-json.js';

/**
 * A checkpoint of the audit: which entries stand in one stretch of it, signed. Each names the one before by its hash,
 * so that they are a chain, and each holds the digests of its entries: all that came before hangs on the last one, and
 * where the chain breaks, each entry still says for itself whether it was removed, changed or put in.
 */
export interface Checkpoint {
  /** 1, 2, … */
  readonly number: number;
  /** SHA-256 of the text of the one before, in base64; `''` for the first. */
  readonly previous: string;
  /** The position after which the stretch begins; `''`: the beginning of the audit. */
  readonly from: string;
  /** The position that ends it, itself included; `from` if there is no entry. */
  readonly to: string;
  readonly entries: readonly SealedEntry[];
  /** When it was sealed: ISO 8601, UTC. */
  readonly at: string;
}

export interface SealedEntry {
  readonly position: string;
  /** SHA-256 of what stands there, in base64. */
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

/** `bad`: not signed with the key that it names; `unknown`: by a key that is not ours; `foreign`: no such text. */
export type CheckpointReading =
  | { readonly trust: 'good'; readonly checkpoint: Checkpoint }
  | { readonly trust: 'unknown'; readonly key: string }
  | { readonly trust: 'bad' | 'foreign' };

export const checkpointRef = (number: number): DocumentRef => ({ kind: 'checkpoint', id: `${number}` });

export const sealEntry = ({ position, bytes }: AuditPlace, { digest }: AuditKeys): SealedEntry => ({
  position,
  digest: digest(bytes),
});

/** @returns `''` where nothing stands that could be read */
export const hashOf = (text: string | null | undefined, { digest }: AuditKeys): string =>
  text ? digest(text) : '';

/** The text that stands in the store. */
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

/** Reads a text that anybody may have written. One that is good is believed. */
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

/** How far the search looks ahead. Without an end, whoever writes the store could make it go on for ever. */
const STEPS = [...Array.from({ length: 16 }, (_, n) => n + 1), 32, 64, 128, 256, 512, 1_024];

type Reader = { read(documents: readonly DocumentRef[]): Promise<readonly (string | null | undefined)[]> };

/**
 * The number of the last checkpoint in the store, found from one that is no later; that number itself if there is none
 * after it. A few that are missing do not end the search.
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
