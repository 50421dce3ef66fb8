import * as z from 'zod';
import { answers as others } from './components/answers.js';
import type { Component } from './components/component.js';
import { receipts } from './components/receipts.js';
import { records } from './components/records.js';
import { requests } from './components/requests.js';
import { service } from './components/service.js';

/** A schema as the document shows it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** By their names in the document. Answers contain selectors too. */
const answers = { Selector: requests.Selector, ...receipts, ...others, ...records, ...service };

const refTo = (name: string): string => `#/components/schemas/${name}`;

const names = new Map<z.ZodType, string>(
  Object.entries<Component>({ ...requests, ...answers }).map(([name, { schema }]) => [schema, name]),
);

/** Removes what is redundant in the schemas that zod makes. */
function shorten({ jsonSchema: schema }: { readonly jsonSchema: Record<string, unknown> }): void {
  const { additionalProperties: more, format, maximum, minimum } = schema;
  // An empty `additionalProperties` allows everything, which is the default.
  if (typeof more === 'object' && more !== null && Object.keys(more).length === 0)
    delete schema['additionalProperties'];
  if (format === 'date-time') delete schema['pattern'];
  if (maximum === Number.MAX_SAFE_INTEGER) delete schema['maximum'];
  if (minimum === Number.MIN_SAFE_INTEGER) delete schema['minimum'];
}

/** The schema with its description and those of its members. */
function described({ about, members }: Component, schema: JsonSchema): JsonSchema {
  const { properties, ...rest } = schema;
  if (!properties) return { description: about, ...rest };
  const describedMembers = Object.entries(properties).map(([name, member]) => [
    name,
    { description: members[name], ...member },
  ]);
  return { description: about, ...rest, properties: Object.fromEntries(describedMembers) };
}

function listed(components: Readonly<Record<string, Component>>, io: 'input' | 'output') {
  const registry = z.registry<{ id: string }>();
  for (const [id, { schema }] of Object.entries(components)) registry.add(schema, { id });
  const all = z.toJSONSchema(registry, { io, uri: refTo, override: shorten }).schemas;
  return Object.entries(components).map(([name, one]) => {
    const { $schema: _, $id: __, ...schema } = all[name] as JsonSchema;
    return [name, described(one, schema)] as const;
  });
}

/** All named schemas. */
export const componentSchemas = (): Readonly<Record<string, JsonSchema>> =>
  Object.fromEntries([...listed(requests, 'input'), ...listed(answers, 'output')]);

/** The schema of one parameter of a path or a query. */
export function parameterSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', override: shorten });
  return rest;
}

/** @throws Error for a schema without a name, which the document would repeat wherever it is used */
export function reference(schema: z.ZodType): { readonly $ref: string } {
  const name = names.get(schema);
  if (name === undefined) throw new Error('A schema of the API document has no name');
  return { $ref: refTo(name) };
}
