import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { catalogue } from '../../functions/catalogue.js';
import { platforms } from '../../functions/chatops.js';
import { gateway } from '../../functions/gateway/routes.js';
import { sources } from '../../functions/hooks.js';
import type { Deps } from '../../functions/http/function.js';
import { type Check, checkOf } from '../../functions/http/validate.js';
import { reference } from '../../functions/openapi/components.js';
import type { Endpoint } from '../../functions/openapi/endpoint.js';
import { chatPlatforms, webhookSources } from '../../functions/openapi/endpoints/triggers.js';
import { endpoints } from '../../functions/openapi/endpoints.js';
import { openapi } from '../../functions/openapi.js';
import { scopes } from '../../lib/domain/actor.js';
import { fakeAuthenticator, holding } from '../fakes/authenticator.js';
import { openApp } from './bench.js';
import { document, oddIn } from './documented.js';

/** Hono's spelling of a path in OpenAPI's: `:name{pattern}` is `{name}`. */
const spelled = (path: string): string => path.replace(/:(\w+)(\{(?:[^{}]|\{[^{}]*\})*\})?/g, '{$1}');

const unused = new Proxy({}, { get: () => () => undefined }) as Deps;

/** What is served: each route with all that handles it, in order. */
const served = new Map<string, object[]>();
for (const one of catalogue) {
  for (const { method, path, handler } of one.routes(unused).routes) {
    const line = `${method.toLowerCase()} ${spelled(path)}`;
    served.set(line, [...(served.get(line) ?? []), handler]);
  }
}

const lineOf = ({ method, path }: Endpoint): string => `${method} ${path}`;

it('lists each schema under a name, so that none is told twice', () => {
  expect(() => reference(z.string())).toThrow('has no name');
});

describe('the OpenAPI document', () => {
  it('is what is answered, from one copy for all who ask', async () => {
    const app = openapi.routes(unused);
    const [first, second] = [await app.request('/openapi.json'), await app.request('/openapi.json')];
    expect(first.headers.get('content-type')).toBe('application/json');
    expect(await first.json()).toEqual(JSON.parse(JSON.stringify(document)));
    expect(await second.json()).toEqual(JSON.parse(JSON.stringify(document)));
  });

  it('names every route that is served, and no other', () => {
    expect(endpoints.map(lineOf).sort()).toEqual([...served.keys()].sort());
  });

  it('names every route that an edge gateway passes on', () => {
    const passed = gateway.routes(unused as never).routes;
    const lines = passed.map(({ method, path }) => `${method.toLowerCase()} ${spelled(path)}`);
    expect(lines.length).toBeGreaterThan(0);
    expect(endpoints.map(lineOf)).toEqual(expect.arrayContaining(lines));
  });

  it.each(endpoints.map(one => [lineOf(one), one] as const))(
    'shows of %s the very schemas that the request is checked with',
    (line, { params, query, body }) => {
      const checks = (served.get(line) ?? []).flatMap(handler => checkOf(handler) ?? []);
      const byPart = (part: Check['part']) => checks.find(check => check.part === part)?.schema;
      expect(byPart('json')).toBe(body?.schema);
      // The others look their paths up in tables of their own.
      if (/ \/(hooks|chatops|links|docs)\b/.test(line)) return;
      expect(byPart('query')).toBe(query);
      expect(byPart('param')).toBe(params);
    },
  );

  it('knows each platform that has a path', () => {
    expect([...webhookSources].sort()).toEqual(Object.keys(sources).sort());
    expect([...chatPlatforms].sort()).toEqual(Object.keys(platforms).sort());
  });

  it.each(endpoints.map(one => [lineOf(one), one] as const))(
    'says whether %s needs a credential',
    async (_, { path, method, scope }) => {
      const line = `${method.toUpperCase()} ${path.replace(/\{\w+\}/, 'x')}`;
      expect((await openApp().send(line, { token: null })).status === 401).toBe(scope !== undefined);
      const operation = document.paths[path]?.[method];
      expect(operation?.security).toEqual(scope ? [{ bearer: [] }] : []);
      expect(operation?.['x-required-scope']).toBe(scope);
    },
  );

  it.each(endpoints.flatMap(one => (one.scope ? [[lineOf(one), one, one.scope] as const] : [])))(
    'names the one scope that %s takes',
    async (_, { method, path, body }, scope) => {
      const actors = {
        with: holding(scope),
        without: holding(...scopes.filter(other => other !== scope)),
      };
      const { send, agent } = openApp({ authenticator: fakeAuthenticator(actors) });
      await agent('a1');
      const line = `${method.toUpperCase()} ${path.replace('{agentId}', 'a1').replace('{operationId}', 'x')}`;
      const headers = (token: string) => ({ authorization: `Bearer ${token}` });
      // To engage the latch as well takes another scope.
      const rest = body ? { body: { ...(body.example as object), latch: undefined } } : {};
      expect((await send(line, { token: null, headers: headers('without'), ...rest })).status).toBe(403);
      expect((await send(line, { token: null, headers: headers('with'), ...rest })).status).not.toBe(403);
    },
  );

  it('gives each operation a name of its own, a tag that is described, and words', () => {
    const operations = Object.values(document.paths).flatMap(methods => Object.values(methods));
    const names = operations.map(({ operationId }) => operationId);
    expect(new Set(names).size).toBe(endpoints.length);
    const tags = document.tags.map(({ name }) => name);
    for (const { tags: own, summary, description } of operations) {
      expect(tags).toEqual(expect.arrayContaining([...own]));
      expect(summary).toMatch(/^[A-Z].*[^.]$/);
      expect(description).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('shows the bodies as they are checked: unknown members are refused, a reset needs its reason', () => {
    const { schemas } = document.components;
    expect(schemas['KillAllRequest']).toMatchObject({ additionalProperties: false });
    expect(schemas['ResetRequest']).toMatchObject({ required: ['reason'] });
    expect(schemas['Registration']).toMatchObject({ required: ['status'] });
    expect(schemas['Transition']).toMatchObject({ minProperties: 1 });
  });

  it('names the errors with their codes as problem details', () => {
    const reply = (status: string) => document.paths['/agents/{agentId}/kill']?.['post']?.responses[status];
    expect(reply('404')?.description).toContain('agent_not_found');
    expect(reply('409')?.description).toContain('idempotency_mismatch');
    expect(document.components.schemas['Problem']).toMatchObject({
      required: expect.arrayContaining(['code']),
    });
  });

  it('has examples that are as its schemas say', () => {
    const nameOf = (schema: { $ref?: string }): string => schema.$ref?.split('/').at(-1) ?? '';
    const media = Object.values(document.paths)
      .flatMap(methods => Object.values(methods))
      .flatMap(({ requestBody, responses }) => [requestBody, ...Object.values(responses)])
      .flatMap(one => Object.values((one as { content?: Record<string, object> })?.content ?? {})) as {
      schema: { $ref?: string };
      example?: unknown;
    }[];
    const shown = media.filter(({ schema, example }) => schema.$ref && example !== undefined);
    expect(shown.length).toBeGreaterThan(20);
    for (const { schema, example } of shown) expect(oddIn(nameOf(schema), example), nameOf(schema)).toBe('');
  });
});
