import * as z from 'zod';
import type { Frozen } from '../util/frozen.js';

/**
 * An object in an answer. Members beyond these are passed on, since a server may be newer than its client; the type
 * has none of them, so that a misspelt member does not compile.
 */
export const answer = <S extends z.ZodRawShape>(shape: S): z.ZodObject<S> =>
  z.looseObject(shape) as unknown as z.ZodObject<S>;

/** One of these words. A newer server's word is passed on; the API document lists the ones of this version. */
export const word = <const W extends string>(words: readonly W[]): z.ZodType<W> =>
  z.string().meta({ enum: words }) as unknown as z.ZodType<W>;

/** ISO 8601, UTC. */
export const timestamp = (): z.ZodString => z.string().meta({ format: 'date-time' });

/** A number of agents. */
export const count = (): z.ZodInt => z.int().min(0);

/** What an answer says, by its schema. */
export type Stated<T extends z.ZodType> = Frozen<z.output<T>>;

/**
 * What a reader of an answer relies on: the members that are always there. An optional one is passed on as it came, so
 * that an odd one, as of a record that another program wrote, does not keep the rest from being read.
 */
export function reliedOn<T extends z.ZodType>(schema: T): z.ZodType<Stated<T>> {
  return required(schema) as unknown as z.ZodType<Stated<T>>;
}

function required(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodArray) return z.array(required(schema.element as z.ZodType));
  if (!(schema instanceof z.ZodObject)) return schema;
  const members = Object.entries(schema.shape as Record<string, z.ZodType>);
  const kept = members.filter(([, member]) => !(member instanceof z.ZodExactOptional));
  return z.looseObject(Object.fromEntries(kept.map(([name, member]) => [name, required(member)])));
}
