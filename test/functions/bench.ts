import { expect } from 'vitest';
import { catalogue } from '../../functions/catalogue.js';
import { createCommandsFor } from '../../functions/commands/on-behalf.js';
import { createApp } from '../../functions/http/app.js';
import type { Deps, KillswitchFunction } from '../../functions/http/function.js';
import { createMetrics } from '../../lib/adapters/prometheus.js';
import type { ErrorCode } from '../../lib/domain/errors.js';
import { createInFlight } from '../../lib/stop/in-flight.js';
import { createStop } from '../../lib/stop/stop.js';
import { actorWith, fakeAuthenticator, holding, narrowedTo } from '../fakes/authenticator.js';
import { fakeCore } from '../fakes/core.js';
import { expectDocumented } from './documented.js';

/** By token. */
const actors = {
  all: actorWith(),
  reader: holding('agents:read'),
  killer: holding('agents:kill'),
  engager: holding('latch:engage'),
  bob: actorWith({ subject: 'bob' }),
  narrowed: narrowedTo({ taskId: 't1' }),
};
export type Token = keyof typeof actors;

export interface Send {
  /** Sent as JSON; a text or bytes as they are. */
  readonly body?: unknown;
  readonly token?: Token | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Members of any answer's JSON, as far as the tests name them. */
export interface AnswerJson {
  readonly operationId: string;
  readonly requestId: string;
  readonly message: string;
  readonly detail: string;
  readonly cursor: string;
  readonly total: number;
  readonly agents: readonly { readonly agentId: string }[];
  readonly outcomes: readonly object[];
  readonly errors: readonly string[];
  readonly holds: readonly object[];
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: AnswerJson;
}

/** Every function in one app, on fakes. */
export function openApp({
  functions = catalogue,
  bed = fakeCore(),
  settings = {},
  ...over
}: Partial<Deps> & { functions?: readonly KillswitchFunction[]; bed?: ReturnType<typeof fakeCore> } = {}) {
  const isWhole = functions === catalogue && over.commandsFor === undefined;
  let ids = 0;
  let woken = 0;
  const closing = new AbortController();
  const deferred: Promise<void>[] = [];
  const deps: Deps = {
    core: bed.core,
    stop: createStop(bed.core, createInFlight(bed.core)),
    scan: async () => ({ findings: [], unread: 0, blind: [] }),
    authenticator: fakeAuthenticator(actors),
    probes: [],
    metrics: createMetrics(),
    notifiers: () => [],
    newId: () => `id-${++ids}`,
    wake: () => void woken++,
    closing: closing.signal,
    commandsFor: actor => createCommandsFor(deps)(actor),
    settings,
    clock: bed.core.clock,
    log: bed.core.log,
    fetch: () => Promise.reject(new Error('nobody listens')),
    defer: work => void deferred.push(work),
    ...over,
  };
  const app = createApp(deps, functions);
  return {
    ...bed,
    app,
    deps,
    closing,
    /** Waits for all that goes on behind the answers. */
    async settle() {
      while (deferred.length > 0) await deferred.shift();
    },
    /** How often somebody asked for a look at what runs. */
    woken: () => woken,
    async send(line: string, { body, token = 'all', headers = {} }: Send = {}): Promise<Answer> {
      const [method = '', path = ''] = line.split(' ', 2);
      const raw = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
      const response = await app.request(path, {
        method,
        headers: {
          ...(token && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: raw as string }),
      });
      const text = await response.text();
      // What a test puts in the place of the API may answer in few words.
      if (isWhole)
        expectDocumented(method, path, { status: response.status, headers: response.headers, text });
      const isJson = response.headers.get('content-type')?.match(/\bjson\b/);
      return {
        status: response.status,
        headers: response.headers,
        text,
        json: (isJson && text !== '' ? JSON.parse(text) : {}) as AnswerJson,
      };
    },
    /** That no port was asked anything about any agent. */
    expectUntouched() {
      const calls = [...bed.containers.calls, ...bed.processes.calls, ...bed.trees.calls];
      // To look what runs here touches nobody.
      expect(calls.filter(call => !('method' in call && call.method === 'sightings'))).toEqual([]);
      // A refusal changes nothing, and is told.
      const changes = bed.store.memory.audit.filter(({ operation }) => operation !== 'ACCESS_DENIED');
      expect(changes).toEqual([]);
    },
  };
}

/** That the answer is a problem in the manner of RFC 9457, with just our members. */
export function expectProblem(answer: Answer, status: number, code: ErrorCode, detail?: unknown): void {
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.json).toEqual({
    type: `urn:killswitch:error:${code}`,
    title: expect.any(String),
    status,
    code,
    requestId: answer.headers.get('x-request-id'),
    ...(status === 500 ? {} : { detail: detail ?? expect.any(String) }),
  });
}

/** An app with one running agent, `a1`, which none of the requests should have harmed. */
export async function openWithAgent() {
  const bench = openApp();
  const { isAlive } = await bench.agent('a1');
  return {
    ...bench,
    async expectNothingDone() {
      bench.expectUntouched();
      expect(await isAlive()).toBe(true);
      expect(await bench.record('a1')).toMatchObject({ status: 'running' });
    },
  };
}
