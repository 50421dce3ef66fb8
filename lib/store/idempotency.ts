import * as z from 'zod';
import type { Actor } from '../domain/actor.js';
import { KillswitchError } from '../domain/errors.js';
import type { Core } from '../ports/core.js';
import type { DocumentRef } from '../ports/records.js';
import { concat, toHex, utf8 } from '../util/crypto.js';
import { parseJson } from '../util/parse-json.js';
import { type Change, compareAndSet } from './compare-and-set.js';

/** A command sent under an idempotency key: sending it again does not run it again. */
export interface KeyedCommand {
  readonly actor: Pick<Actor, 'subject'>;
  /** 1 to 255 printable ASCII characters. */
  readonly key: string;
  /** Digest of everything that defines the request. */
  readonly fingerprint: string;
  readonly operationId: string;
}

/**
 * The result of claiming a key.
 * - `first`: the key was free; `release` frees it again, for a command that was refused
 * - `repeated`: the key belongs to the operation named
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

/** SHA-256 of the parts in hexadecimal. Each part is framed by its length, so `ab`, `c` and `a`, `bc` differ. */
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

/** The holder of a key; `undefined` if the text is not one of ours. */
const readHeld = (raw: string): Pick<KeyedCommand, 'operationId' | 'fingerprint'> | undefined =>
  heldSchema.safeParse(parseJson(raw)).data;

/**
 * Claims the key for this operation for 24 hours. A store that does not answer must not prevent a stop: every claim is
 * then `first`.
 * @param abandoned an operation that held the key and is unknown to the store: it loses the key
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
    await compareAndSet(core, find, giveBack, 'key released').catch((error: unknown) =>
      core.log.error(
        { err: error, operationId },
        'an idempotency key could not be released; it expires within 24 hours',
      ),
    );
  };
  try {
    const holder = await compareAndSet(core, find, take, 'key claimed');
    return holder === operationId ? { kind: 'first', release } : { kind: 'repeated', operationId: holder };
  } catch (error) {
    if (error instanceof KillswitchError && error.code === 'idempotency_mismatch') throw error;
    core.log.error({ err: error, operationId }, 'the idempotency key could not be checked; the command runs');
    return { kind: 'first', release };
  }
}
