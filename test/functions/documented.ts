import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect } from 'vitest';
import { describeApi } from '../../functions/openapi/document.js';

/** The API document. */
export const document = describeApi();

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The same schema, which lets no member pass that it does not name: answers say nothing that the document does not.
 * Records of agents say what others wrote, so there the members pass.
 */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (!isObject(schema)) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  const isOpen = isObject(schema['properties']) && schema['additionalProperties'] === undefined;
  return isOpen ? { ...inner, additionalProperties: false } : inner;
}

const OPEN = ['AgentRecord', 'OpenApiDocument'];

const ajv = new Ajv2020({ strict: true, strictRequired: false, allErrors: true });
formats.default(ajv);
ajv.addVocabulary(['components', 'example']);
ajv.addSchema({
  $id: 'doc',
  components: {
    schemas: Object.fromEntries(
      Object.entries(document.components.schemas).map(([name, schema]) => [
        name,
        OPEN.includes(name) ? schema : closed(schema),
      ]),
    ),
  },
});

const compiled = new Map<string, ValidateFunction>();

function validatorOf($ref: string): ValidateFunction {
  const known = compiled.get($ref) ?? ajv.compile({ $ref: `doc${$ref}` });
  compiled.set($ref, known);
  return known;
}

/** What a value says that the schema of this name does not allow, in one text; empty: nothing. */
export function oddIn(name: string, value: unknown): string {
  const validate = validatorOf(`#/components/schemas/${name}`);
  return validate(value) ? '' : ajv.errorsText(validate.errors);
}

interface Media {
  readonly schema: { readonly $ref?: string };
  readonly examples?: Json;
}

/** The operation that serves a request; `undefined` for a path or a method that there is not. */
export function operationOf(method: string, path: string) {
  const [plain = ''] = path.split('?', 1);
  const template = Object.keys(document.paths).find(one =>
    new RegExp(`^${one.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(plain),
  );
  return template === undefined ? undefined : document.paths[template]?.[method.toLowerCase()];
}

export interface Given {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** That the document describes an answer: its status, its type, its code if it is a problem, and all that it says. */
export function expectDocumented(method: string, path: string, { status, headers, text }: Given): void {
  const operation = operationOf(method, path);
  if (!operation) return;
  const line = `${method} ${path} -> ${status}`;
  const reply = operation.responses[status];
  // Of a server that does not serve the function.
  if (status === 404 && !reply && text.includes('"not_found"')) return;
  expect(reply, `${line} is described`).toBeDefined();
  for (const [name, { required }] of Object.entries((reply?.headers ?? {}) as Record<string, Json>)) {
    if (required) expect(headers.has(name), `${line} has ${name}`).toBe(true);
  }
  const type = headers.get('content-type')?.split(';')[0];
  if (type === undefined || text === '') return;
  const media = reply?.content?.[type] as Media | undefined;
  expect(media, `${line} as ${type} is described`).toBeDefined();
  if (type === 'text/event-stream') expectLines('OperationStatus', text, /^data: (.*)$/gm);
  if (type === 'application/x-ndjson') expectLines('AuditEntry', text, /^(.+)$/gm);
  const { $ref } = media?.schema ?? {};
  if ($ref === undefined) return;
  const value: unknown = JSON.parse(text);
  const validate = validatorOf($ref);
  expect(validate(value) ? '' : ajv.errorsText(validate.errors), `${line}: ${text}`).toBe('');
  if (isObject(value) && type === 'application/problem+json') {
    expect(Object.keys(media?.examples ?? {}), line).toContain(value['code']);
  }
}

function expectLines(name: string, text: string, lines: RegExp): void {
  for (const [, line = ''] of text.matchAll(lines)) expect(oddIn(name, JSON.parse(line)), line).toBe('');
}
