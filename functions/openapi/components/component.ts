import type * as z from 'zod';

/** A named schema of the document, with its descriptions. */
export interface Component {
  readonly schema: z.ZodType;
  readonly about: string;
  readonly members: Readonly<Record<string, string>>;
}

/**
 * The descriptions are not in the schema itself, because that is loaded at every start and at the edge.
 * @param members a sentence for each member
 */
export const component = <T extends z.ZodObject>(
  schema: T,
  about: string,
  members: Readonly<Record<keyof z.output<T> & string, string>>,
): Component => ({ schema, about, members });
