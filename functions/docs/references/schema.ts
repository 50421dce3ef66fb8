import { code, prose } from './table.js';

/** The members of a JSON Schema that are used here. */
export interface Schema {
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

const value = (one: unknown): string => code(typeof one === 'string' ? one : JSON.stringify(one));

function range(least: number | undefined, most: number | undefined, unit = ''): string[] {
  const top = most === Number.MAX_SAFE_INTEGER ? undefined : most;
  const counted = (count: number): string =>
    unit === '' ? `${count}` : `${count} ${unit}${count === 1 ? '' : 's'}`;
  if (least !== undefined && top !== undefined) return [`${least} to ${counted(top)}`];
  if (least !== undefined) return [`at least ${counted(least)}`];
  return top === undefined ? [] : [`at most ${counted(top)}`];
}

function limitsOf(schema: Schema): string[] {
  const { minLength, maxLength, minimum, maximum, minItems, maxItems, pattern } = schema;
  return [
    ...range(minLength, maxLength, 'character'),
    ...range(minimum, maximum),
    ...range(minItems, maxItems, 'item'),
    ...(pattern === undefined ? [] : [`matches ${code(pattern)}`]),
    ...(schema.default === undefined ? [] : [`default ${value(schema.default)}`]),
  ];
}

/** A link to the section that describes a named schema. */
const linkTo = (ref: string): string => {
  const name = ref.slice(ref.lastIndexOf('/') + 1);
  return `[${name}](#${name.toLowerCase()})`;
};

function nameOf(schema: Schema): string {
  const { $ref, items, additionalProperties: others, properties } = schema;
  if ($ref !== undefined) return linkTo($ref);
  if (schema.const !== undefined) return value(schema.const);
  if (schema.enum) return schema.enum.map(value).join(', ');
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return [...new Set(choices.map(choiceOf))].join(' or ');
  if (schema.allOf) return schema.allOf.map(typeOf).join(' and ');
  if (items) return `list of ${typeOf(items)}`;
  if (others && typeof others === 'object' && !properties && Object.keys(others).length > 0)
    return `object, by name: ${typeOf(others)}`;
  const names = [schema.type ?? 'anything'].flat();
  return names.map(name => (schema.format ? `${name} (${schema.format})` : name)).join(' or ');
}

/** One of several schemas: its description if it has one, otherwise its type. */
export const choiceOf = (schema: Schema): string =>
  schema.description && !schema.$ref ? prose(schema.description).replace(/\.$/, '') : typeOf(schema);

/** The type and the limits of a schema, in words. */
export const typeOf = (schema: Schema): string => [nameOf(schema), ...limitsOf(schema)].join(', ');

/** The members of an object, and those of the objects in it, as rows of name, type and meaning. */
export function membersOf(schema: Schema, prefix = ''): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const isOptional = !schema.required?.includes(name);
    const path = `${prefix}${name}`;
    return [
      [code(isOptional ? `${path}?` : path), typeOf(member), prose(member.description ?? '')],
      ...membersOf(member, `${path}.`),
      ...membersOf(member.items ?? {}, `${path}[].`),
    ];
  });
}
