import * as z from 'zod';
import type { Witness } from '../ports/witness.js';

const schema = z.strictObject({
  number: z.int().positive(),
  hash: z.string(),
  to: z.string(),
  at: z.iso.datetime(),
});

/** The last checkpoint that this host has seen: its number, the hash of its text, where it ends and when it was sealed. */
export type Witnessed = Readonly<z.output<typeof schema>>;

/** @throws Error where something else stands there, or it cannot be read */
export async function readWitness(witness: Pick<Witness, 'read'>): Promise<Witnessed | undefined> {
  const text = await witness.read();
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}

/**
 * Another process of this host may have seen more; what it has is left alone then.
 * @throws Error where it cannot be kept
 */
export async function keepWitness(witness: Witness, witnessed: Witnessed): Promise<void> {
  const kept = await readWitness(witness);
  if (!kept || kept.number < witnessed.number) await witness.keep(JSON.stringify(witnessed));
}
