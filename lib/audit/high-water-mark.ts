import * as z from 'zod';
import type { HighWaterMark } from '../ports/high-water-mark.js';

const schema = z.strictObject({
  number: z.int().positive(),
  hash: z.string(),
  to: z.string(),
  at: z.iso.datetime(),
});

/** The last checkpoint that this host has seen: its number, the hash of its text, where it ends and when it was sealed. */
export type SeenCheckpoint = Readonly<z.output<typeof schema>>;

/** @throws Error where something else stands there, or it cannot be read */
export async function readHighWaterMark(
  highWaterMark: Pick<HighWaterMark, 'read'>,
): Promise<SeenCheckpoint | undefined> {
  const text = await highWaterMark.read();
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}

/**
 * Another process of this host may have seen more; what it has is left alone then.
 * @throws Error where it cannot be kept
 */
export async function raiseHighWaterMark(
  highWaterMark: HighWaterMark,
  lastSeen: SeenCheckpoint,
): Promise<void> {
  const kept = await readHighWaterMark(highWaterMark);
  if (!kept || kept.number < lastSeen.number) await highWaterMark.write(JSON.stringify(lastSeen));
}
