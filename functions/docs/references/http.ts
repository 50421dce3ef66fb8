import { errorRegistry } from '../../../lib/domain/errors.js';
import type { ApiDocument, Operation } from '../../openapi/document.js';
import { choiceOf, membersOf, type Schema, typeOf } from './schema.js';
import { code, prose, table } from './table.js';

/** By media type. */
type Content = Readonly<Record<string, { readonly schema?: Schema; readonly example?: unknown }>>;

const PROBLEM = 'application/problem+json';

/** The schema, or the media type of a text. */
const contentOf = (content: Content = {}): string =>
  Object.entries(content)
    .map(([type, { schema }]) => (schema?.$ref ? typeOf(schema) : code(type)))
    .join(' or ');

const exampleOf = (content: Content | undefined): string[] => {
  const example = Object.values(content ?? {}).find(one => typeof one.example === 'object')?.example;
  return example === undefined ? [] : ['```json', JSON.stringify(example, undefined, 2), '```', ''];
};

interface Answer {
  readonly description: string;
  readonly content?: Content;
}

/** A table of the successful answers, then the codes of the errors. */
function answersOf(responses: Readonly<Record<string, Answer>>): string[] {
  const answers = Object.entries(responses);
  const isProblem = ([, { content }]: (typeof answers)[number]): boolean => content?.[PROBLEM] !== undefined;
  const codes = answers
    .filter(isProblem)
    .map(([status, { description }]) => `${status} ${(description.match(/`\w+`(?=\))/g) ?? []).join(', ')}`);
  const rows = answers
    .filter(one => !isProblem(one))
    .map(([status, { description, content }]) => [status, contentOf(content), prose(description)]);
  const first = answers.find(one => !isProblem(one))?.[1].content;
  return [
    ...table(['status', 'answer', 'meaning'], rows),
    ...exampleOf(first),
    ...(codes.length === 0 ? [] : [`Errors: ${codes.join('; ')}.`, '']),
  ];
}

function operationOf(method: string, path: string, operation: Operation): string[] {
  const { summary, description, parameters } = operation;
  const { requestBody: body } = operation as { requestBody?: { readonly content: Content } };
  return [
    `### ${summary}`,
    '',
    '```http',
    `${method.toUpperCase()} ${path}`,
    '```',
    '',
    prose(description),
    '',
    ...table(
      ['parameter', 'in', 'type', 'meaning'],
      parameters.map(one => [
        code(one.required ? one.name : `${one.name}?`),
        one.in,
        typeOf(one.schema as Schema),
        prose(one.description ?? ''),
      ]),
    ),
    ...(body ? [`Body: ${contentOf(body.content)}.`, '', ...exampleOf(body.content)] : []),
    ...answersOf(operation.responses as Readonly<Record<string, Answer>>),
  ];
}

function shapeOf(schema: Schema): string[] {
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return ['One of these:', '', ...choices.map(one => `- ${choiceOf(one)}`), ''];
  const members = membersOf(schema);
  return members.length === 0 ? [`A ${typeOf(schema)}.`, ''] : table(['member', 'type', 'meaning'], members);
}

const schemaOf = ([name, schema]: readonly [string, Schema]): string[] => [
  `### ${name}`,
  '',
  ...(schema.description ? [prose(schema.description), ''] : []),
  ...shapeOf(schema),
];

/** Every request and answer, from the OpenAPI document that the server publishes. */
export function httpReference({ paths, tags, components }: ApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      tag: operation.tags[0],
      lines: operationOf(method, path, operation),
    })),
  );
  return [
    '# HTTP reference',
    '',
    'Every path with its requests and answers, generated from the OpenAPI document that the server publishes at `/openapi.json`. How to use it: [The HTTP API](http.md). A `?` after a name means optional.',
    '',
    ...tags.flatMap(({ name, description }) => [
      `## ${name}`,
      '',
      description,
      '',
      ...operations.filter(({ tag }) => tag === name).flatMap(({ lines }) => lines),
    ]),
    '## Errors',
    '',
    'A request that is not carried out is answered with a [Problem](#problem). Its `code` is one of these.',
    '',
    ...table(
      ['code', 'status', 'meaning'],
      Object.entries(errorRegistry).map(([name, { status, title }]) => [
        code(name),
        `${status}`,
        prose(title),
      ]),
    ),
    '## Schemas',
    '',
    ...Object.entries(components.schemas as Readonly<Record<string, Schema>>).flatMap(schemaOf),
  ].join('\n');
}
