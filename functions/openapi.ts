import { Hono } from 'hono';
import * as z from 'zod';
import { agentIdSchema } from '../lib/domain/agent.js';
import { type ErrorCode, errorRegistry } from '../lib/domain/errors.js';
import type { Env, KillswitchFunction } from './http/function.js';
import { type Endpoint, endpoints } from './openapi/endpoints.js';
import { runAlone } from './server/run-alone.js';

const schemaOf = (schema: z.ZodType): object => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
};

const parameter = (
  name: string,
  where: 'path' | 'query' | 'header',
  schema: object,
  required = where === 'path',
) => ({
  name,
  in: where,
  required,
  schema,
});

function parametersOf({ path, query, idempotent }: Endpoint): object[] {
  const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => {
    const schema = name === 'agentId' ? schemaOf(agentIdSchema) : { type: 'string' };
    return parameter(`${name}`, 'path', schema);
  });
  const asked = Object.entries(query?.shape ?? {}).map(([name, schema]) =>
    parameter(name, 'query', schemaOf(schema as z.ZodType)),
  );
  const key = { type: 'string', minLength: 1, maxLength: 255, pattern: '^[ -~]+$' };
  return [...named, ...asked, ...(idempotent ? [parameter('Idempotency-Key', 'header', key)] : [])];
}

function responsesOf({ answers, errors = [], scope, body, type = 'application/json' }: Endpoint): object {
  const always: ErrorCode[] = [
    ...(scope ? (['unauthenticated', 'forbidden', 'too_many_failures'] as const) : []),
    ...(body ? (['invalid_request', 'body_too_large', 'unsupported_media_type'] as const) : []),
  ];
  const responses: Record<string, { description: string; content: object }> = {};
  for (const [status, description] of Object.entries(answers)) {
    responses[status] = { description, content: { [type]: {} } };
  }
  for (const code of [...always, ...errors]) {
    const { status, title } = errorRegistry[code];
    const known = responses[status]?.description;
    const description = known ? `${known}; ${title} (\`${code}\`)` : `${title} (\`${code}\`)`;
    const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
    responses[status] = { description, content };
  }
  return responses;
}

const problem = {
  description: 'RFC 9457',
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'requestId'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { enum: Object.keys(errorRegistry) },
    requestId: { type: 'string' },
  },
};

function describe(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const endpoint of endpoints) {
    const { method, path, summary, scope, body } = endpoint;
    const content = body && { 'application/json': { schema: schemaOf(body) } };
    paths[path] = {
      ...paths[path],
      [method]: {
        summary,
        ...(scope && { security: [{ bearer: [scope] }] }),
        parameters: parametersOf(endpoint),
        ...(content && { requestBody: { content } }),
        responses: responsesOf(endpoint),
      },
    };
  }
  const bearer = { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' };
  return {
    openapi: '3.1.0',
    info: { title: 'killswitch', version: '1', description: 'An emergency stop for AI coding agents.' },
    paths,
    components: { securitySchemes: { bearer }, schemas: { Problem: problem } },
  };
}

/** `/openapi.json`: the HTTP contract, from the schemas that the requests are checked with. */
export const openapi: KillswitchFunction = {
  name: 'openapi',
  routes: () => {
    // Made once: those who ask for it a thousand times and never read share one copy.
    const document = new TextEncoder().encode(JSON.stringify(describe()));
    return new Hono<Env>().get('/openapi.json', c =>
      c.body(document, 200, { 'content-type': 'application/json' }),
    );
  },
};

await runAlone(openapi);
