import * as z from 'zod';
import type { Actor } from '../domain/actor.js';
import { KillswitchError } from '../domain/errors.js';
import type { Core } from '../ports/core.js';
import type { DocumentRef } from '../ports/records.js';
import { concat, toHex, utf8 } from '../util/crypto.js';
import { parseJson } from '../util/parse-json.js';
import { type Change, compareAndSet } from './compare-and-set.js';

/** A command that was sent under a key, so that sending it again does not make it another one. */
export interface KeyedCommand {
  readonly actor: Pick<Actor, 'subject'>;
  /** 1 to 255 printable ASCII characters. */
  readonly key: string;
  /** Of all that makes the request what it is. */
  readonly fingerprint: string;
  readonly operationId: string;
}

/**
 * Whose turn it is.
 * - `first`: nobody's before; `release` gives the key back, for a command that was refused
 * - `repeated`: that operation is the first one's
 */
export type KeyClaim =
  | { readonly kind: 'first'; release(): Promise<void> }
  | { readonly kind: 'repeated'; readonly operationId: string };

const KEPT_SECONDS = 24 * 3_600;

/** The header `Idempotency-Key`. */
export const idempotencyKeySchema = z.string().regex(/^[ -~]{1,255}$/);

/** @throws KillswitchError `invalid_request` */
export function checkKey(key: string): void {
  if (idempotencyKeySchema.safeParse(key).success) return;
  throw new KillswitchError(
    'invalid_request',
    'Idempotency-Key: must have 1 to 255 printable ASCII characters',
  );
}

/** SHA-256 of the parts, in hexadecimal digits; where one ends and the next one begins counts. */
export async function digest(...parts: readonly (string | Uint8Array)[]): Promise<string> {
  const counted = parts.flatMap(part => {
    const bytes = typeof part === 'string' ? utf8(part) : part;
    return [`${bytes.byteLength}:`, bytes];
  });
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', concat(...counted))));
}

const documentOf = async ({ actor, key }: KeyedCommand): Promise<DocumentRef> => ({
  kind: 'memory',
  id: `idempotency:${await digest(actor.subject, key)}`,
});

const textOf = ({ operationId, fingerprint }: KeyedCommand): string =>
  JSON.stringify({ operationId, fingerprint });

const heldSchema = z.looseObject({ operationId: z.string(), fingerprint: z.string() });

/** Who holds a key; nobody, where the text is none of ours. */
const readHeld = (raw: string): Pick<KeyedCommand, 'operationId' | 'fingerprint'> | undefined =>
  heldSchema.safeParse(parseJson(raw)).data;

/**
 * Takes the key for this operation, for 24 hours, unless it is another's. A store that does not answer keeps nobody
 * from stopping: then everybody is the first.
 * @param abandoned an operation that held the key and of which nothing is known: it loses it
 * @throws KillswitchError `idempotency_mismatch`
 */
export async function claimKey(core: Core, keyed: KeyedCommand, abandoned?: string): Promise<KeyClaim> {
  const { operationId, fingerprint } = keyed;
  const document = await documentOf(keyed);
  const find = async (): Promise<string | null | undefined> => (await core.records.read([document]))[0];
  const mine = textOf(keyed);
  const take = (raw: string | null | undefined): Change<string> => {
    const held = raw ? readHeld(raw) : undefined;
    if (held && held.fingerprint !== fingerprint) throw new KillswitchError('idempotency_mismatch');
    if (held && held.operationId !== abandoned) return { value: held.operationId };
    const step = { document, expect: raw ?? null, next: mine, ttlSeconds: KEPT_SECONDS, audit: [] };
    return { step, value: operationId };
  };
  const giveBack = (raw: string | null | undefined): Change<void> =>
    raw === mine
      ? { step: { document, expect: mine, next: null, audit: [] }, value: undefined }
      : { value: undefined };
  const release = async (): Promise<void> => {
    await compareAndSet(core, find, giveBack, 'key given back').catch((error: unknown) =>
      core.log.error({ err: error, operationId }, 'a key was not given back'),
    );
  };
  try {
    const holder = await compareAndSet(core, find, take, 'key taken');
    return holder === operationId ? { kind: 'first', release } : { kind: 'repeated', operationId: holder };
  } catch (error) {
    if (error instanceof KillswitchError && error.code === 'idempotency_mismatch') throw error;
    core.log.error({ err: error, operationId }, 'the key could not be looked up');
    return { kind: 'first', release };
  }
}
