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

/** @throws Error if the file cannot be read or is not one of ours */
export async function readHighWaterMark(
  highWaterMark: Pick<HighWaterMark, 'read'>,
): Promise<SeenCheckpoint | undefined> {
  const text = await highWaterMark.read();
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}

/**
 * Raises the high-water mark; leaves it if another process of this host has seen more.
 * @throws Error if it cannot be written
 */
export async function raiseHighWaterMark(
  highWaterMark: HighWaterMark,
  lastSeen: SeenCheckpoint,
): Promise<void> {
  const kept = await readHighWaterMark(highWaterMark);
  if (!kept || kept.number < lastSeen.number) await highWaterMark.write(JSON.stringify(lastSeen));
}
