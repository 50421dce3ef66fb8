import { describe, expect, it } from 'vitest';
import { catalogue } from '../../functions/catalogue.js';
import type { Deps } from '../../functions/http/function.js';
import { endpoints } from '../../functions/openapi/endpoints.js';
import { openapi } from '../../functions/openapi.js';

/** Hono's spelling of a path in OpenAPI's: `:name{pattern}` is `{name}`. */
const spelled = (path: string): string => path.replace(/:(\w+)(\{(?:[^{}]|\{[^{}]*\})*\})?/g, '{$1}');

const unused = new Proxy({}, { get: () => () => undefined }) as Deps;
const document: unknown = await (await openapi.routes(unused).request('/openapi.json')).json();

/** What stands in the document under these names, one below the other. */
const at = (...names: readonly string[]): unknown =>
  names.reduce<unknown>((tree, name) => (tree as Record<string, unknown> | undefined)?.[name], document);

describe('the OpenAPI document', () => {
  it('names every route that is served, and no other', () => {
    const served = catalogue.flatMap(one =>
      one.routes(unused).routes.map(({ method, path }) => `${method.toLowerCase()} ${spelled(path)}`),
    );
    const told = endpoints.map(({ method, path }) => `${method} ${path}`);
    expect([...new Set(told)].sort()).toEqual([...new Set(served)].sort());
  });

  it('asks for a scope wherever a request is authenticated', () => {
    expect(at('paths', '/agents/{agentId}/kill', 'post', 'security')).toEqual([{ bearer: ['agents:kill'] }]);
    expect(at('paths', '/latch', 'delete', 'security')).toEqual([{ bearer: ['latch:reset'] }]);
    expect(at('paths', '/healthz', 'get', 'summary')).toBeDefined();
    expect(at('paths', '/healthz', 'get', 'security')).toBeUndefined();
  });

  it('shows the bodies as they are checked: unknown members are refused, a reset needs its reason', () => {
    const schema = (path: string, method: string) =>
      at('paths', path, method, 'requestBody', 'content', 'application/json', 'schema');
    expect(schema('/agents/kill-all', 'post')).toMatchObject({ additionalProperties: false });
    expect(schema('/latch', 'delete')).toMatchObject({ required: ['reason'] });
    expect(schema('/agents/{agentId}', 'put')).toMatchObject({ required: ['status'] });
  });

  it('names the errors with their codes as problem details', () => {
    const description = (status: string) =>
      at('paths', '/agents/{agentId}/kill', 'post', 'responses', status, 'description');
    expect(description('404')).toContain('agent_not_found');
    expect(description('409')).toContain('idempotency_mismatch');
    expect(at('components', 'schemas', 'Problem', 'required')).toContain('code');
  });
});
