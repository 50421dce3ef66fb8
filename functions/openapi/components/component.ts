import type * as z from 'zod';

/** A schema that the document lists under a name, and what it says of it. */
export interface Component {
  readonly schema: z.ZodType;
  readonly about: string;
  readonly members: Readonly<Record<string, string>>;
}

/**
 * The words stand here and not beside the schema, which is loaded by every start and at the edge.
 * @param members a sentence for each member
 */
export const component = <T extends z.ZodObject>(
  schema: T,
  about: string,
  members: Readonly<Record<keyof z.output<T> & string, string>>,
): Component => ({ schema, about, members });
