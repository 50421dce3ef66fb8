import type * as z from 'zod';
import type { Scope } from '../../lib/domain/actor.js';
import { idempotencyKeySchema } from '../../lib/store/idempotency.js';
import { componentSchemas, type JsonSchema, parameterSchema, reference } from './components.js';
import { type Endpoint, tags } from './endpoint.js';
import { endpoints } from './endpoints.js';
import { errorsOf, problemExamples, repliesOf } from './replies.js';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

/** One operation, as OpenAPI 3.1 writes it. */
export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  /** Empty: the path is open, or has a credential of another kind. */
  readonly security: readonly { readonly bearer: readonly [] }[];
  /** The scope that the token must have. */
  readonly 'x-required-scope'?: Scope;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: object;
  readonly responses: ReturnType<typeof repliesOf>;
}

/** The document: the members that this program reads. */
export interface ApiDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  /** By path and method. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

function parameter(name: string, where: Parameter['in'], member: z.ZodType): Parameter {
  const { description, ...schema } = parameterSchema(member);
  return {
    name,
    in: where,
    required: where === 'path',
    ...(typeof description === 'string' && { description }),
    schema,
  };
}

/** With its description, which is not needed at the start. */
const repeatable = idempotencyKeySchema.describe(
  'A request that is sent again with the same key within 24 hours is not carried out again.',
);

const parametersIn = (where: 'path' | 'query', members: z.ZodObject | undefined): Parameter[] =>
  Object.entries(members?.shape ?? {}).map(([name, member]) => parameter(name, where, member as z.ZodType));

function requestBodyOf({ body, foreignBody }: Endpoint): { requestBody?: object } {
  if (body) {
    const content = { 'application/json': { schema: reference(body.schema), example: body.example } };
    return { requestBody: { required: body.required === true, content } };
  }
  if (!foreignBody) return {};
  const content = Object.entries(foreignBody).map(([type, description]) => [
    type,
    { schema: { type: 'object', description } },
  ]);
  return { requestBody: { required: true, content: Object.fromEntries(content) } };
}

function operationOf(endpoint: Endpoint): Operation {
  const { operationId, tag, summary, description, scope, params, query, idempotent } = endpoint;
  const key = idempotent ? [parameter('Idempotency-Key', 'header', repeatable)] : [];
  return {
    operationId,
    tags: [tag],
    summary,
    description: scope ? `${description} It needs the scope \`${scope}\`.` : description,
    security: scope ? [{ bearer: [] }] : [],
    ...(scope && { 'x-required-scope': scope }),
    parameters: [...parametersIn('path', params), ...parametersIn('query', query), ...key],
    ...requestBodyOf(endpoint),
    responses: repliesOf(endpoint),
  };
}

function pathsOf(all: readonly Endpoint[]): ApiDocument['paths'] {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const endpoint of all) {
    paths[endpoint.path] = { ...paths[endpoint.path], [endpoint.method]: operationOf(endpoint) };
  }
  return paths;
}

const bearer = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'JWT',
  description: 'A JWT whose `scope` names what it allows, such as `agents:kill`, separated by spaces.',
};

/** The HTTP API in OpenAPI 3.1, made from the schemas that requests and answers are checked with. */
export function describeApi(): ApiDocument {
  const paths = pathsOf(endpoints);
  const used = new Set(endpoints.flatMap(errorsOf));
  return {
    openapi: '3.1.0',
    info: {
      title: 'killswitch',
      version: '1',
      description: 'An emergency stop for AI coding agents.',
      contact: { name: 'killswitch' },
      license: { name: 'MIT', identifier: 'MIT' },
    } as ApiDocument['info'],
    servers: [{ url: '/', description: 'The server that published this document.' }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: { bearer },
      schemas: componentSchemas(),
      examples: problemExamples(used),
    },
  } as ApiDocument;
}
