import type { z } from 'zod';
import { AGENT_ID, type Registration, type Status, type Transition } from '../domain/agent.js';
import type {
  dismissBodySchema,
  engageBodySchema,
  killAllBodySchema,
  killBodySchema,
  resetBodySchema,
} from '../domain/command.js';
import type { Receipt } from '../domain/outcome.js';
import { ClientError, toClientError, unexpected } from './error.js';
import {
  type AgentRecord,
  type AgentRecords,
  type Answer,
  type AuditPage,
  type DismissalStatus,
  type KillReceipt,
  type LatchStatus,
  type OperationStatus,
  type Readiness,
  shapes,
} from './responses.js';

export { ClientError, type ClientErrorCode } from './error.js';
export type {
  AgentRecord,
  AgentRecords,
  Answer,
  AuditPage,
  DismissalStatus,
  KillReceipt,
  LatchStatus,
  OperationStatus,
  Readiness,
} from './responses.js';

export interface ClientOptions {
  /** Where the server listens, such as `http://127.0.0.1:8787`; a path in front of the API's own is kept. */
  readonly url: string;
  /** What the server is called in messages; its URL if absent. */
  readonly name?: string;
  /** The JWT; for each request anew where a function makes it. */
  readonly token: string | (() => string | Promise<string>);
  readonly fetch?: typeof globalThis.fetch;
  /** Milliseconds to wait for an answer. The server's own deadline is 5 s, so more than that. */
  readonly timeoutMs?: number;
}

export interface StopOptions {
  /** Sent again with the same key within 24 hours, the stop is answered with its first receipt. */
  readonly idempotencyKey?: string;
}

export interface AgentQuery {
  readonly status?: Status | 'unreadable';
  readonly taskId?: string;
  readonly host?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly cursor?: string;
  /** 1 to 1,000 a page; 100 if absent. */
  readonly limit?: number;
}

export interface AuditQuery {
  /** ISO 8601. */
  readonly since?: string;
  readonly agentId?: string;
  readonly operationId?: string;
  /** A cursor that was answered before; `''` is the beginning. */
  readonly after?: string;
  /** 1 to 1,000; 100 if absent. */
  readonly limit?: number;
}

/** Every method rejects with a {@link ClientError}. */
export interface Client {
  /** Stops one agent. Again for one that still owes something: tries it again now. */
  kill(
    agentId: string,
    body?: z.input<typeof killBodySchema>,
    options?: StopOptions,
  ): Promise<Answer<KillReceipt>>;
  /** Stops every active agent, or those selected. */
  killAll(body?: z.input<typeof killAllBodySchema>, options?: StopOptions): Promise<Answer<Receipt>>;
  /** The emergency stop: keeps those that it selects from running until it is reset. */
  readonly latch: {
    status(): Promise<LatchStatus>;
    engage(body?: z.input<typeof engageBodySchema>): Promise<LatchStatus>;
    /** Starts nothing. */
    reset(body: z.input<typeof resetBodySchema>): Promise<LatchStatus>;
  };
  /** What was done, by whom and why, oldest first. */
  audit(query?: AuditQuery): Promise<AuditPage>;
  /** What is known of an accepted stop. */
  operation(operationId: string): Promise<OperationStatus>;
  /** Gives up what it still owes, in the name of whom the token names. Confirms nothing. */
  dismiss(operationId: string, body: z.input<typeof dismissBodySchema>): Promise<DismissalStatus>;
  readonly agents: {
    list(query?: AgentQuery): Promise<AgentRecords>;
    get(agentId: string): Promise<AgentRecord>;
    /** The same registration again is no error. */
    register(agentId: string, registration: Registration): Promise<AgentRecord>;
    transition(agentId: string, change: Transition): Promise<AgentRecord>;
  };
  /** Needs no token. A server that is up but not ready is an answer, not an error. */
  ready(): Promise<Readiness>;
}

interface Call<T> {
  readonly shape: z.ZodType<T>;
  readonly key?: string | undefined;
  readonly body?: object | undefined;
  readonly query?: URLSearchParams;
  readonly open?: true;
  readonly also?: number;
}

/** @throws TypeError if the URL is none of HTTP */
export function createClient(options: ClientOptions): Client {
  const base = baseOf(options.url);
  const { token, timeoutMs = 30_000, fetch = globalThis.fetch, name = base } = options;

  async function call<T>(method: string, path: string, { shape, key, body, query, open, also }: Call<T>) {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (!open) headers['authorization'] = bearer(typeof token === 'string' ? token : await token());
    if (key !== undefined) headers['idempotency-key'] = key;
    if (body) headers['content-type'] = 'application/json';
    const { status, text } = await ask(`${base}${path}${query?.size ? `?${query}` : ''}`, {
      method,
      headers,
      // A redirect would carry the order, or the credential, to somebody who was not asked.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      ...(body && { body: JSON.stringify(body) }),
    });
    const value = parse(text);
    if ((status < 200 || status > 299) && status !== also) throw toClientError(status, value);
    const { data } = shape.safeParse(value);
    if (data === undefined) throw unexpected(status);
    return { status, data };
  }

  async function ask(url: string, init: RequestInit): Promise<{ status: number; text: string }> {
    try {
      const response = await fetch(url, init);
      return { status: response.status, text: await response.text() };
    } catch (cause) {
      const late = cause instanceof Error && cause.name === 'TimeoutError';
      const title = late
        ? `No answer from ${name} within ${timeoutMs / 1000} s; whether it was carried out is not known`
        : `No server answers at ${name}`;
      throw new ClientError('unreachable', { title }, { cause });
    }
  }

  async function stop<R extends { readonly verified: boolean }>(
    path: string,
    shape: z.ZodType<R>,
    body: object = {},
    { idempotencyKey: key }: StopOptions = {},
  ): Promise<Answer<R>> {
    const { status, data } = await call('POST', path, { shape, key, body });
    if (status !== 200 && status !== 202) throw unexpected(status);
    return { status, confirmed: status === 200 && data.verified, receipt: data };
  }

  return {
    kill: async (agentId, body, options) => stop(`${pathOf(agentId)}/kill`, shapes.kill, body, options),
    killAll: (body, options) => stop('/agents/kill-all', shapes.killAll, body, options),
    latch: {
      status: async () => (await call('GET', '/latch', { shape: shapes.latch })).data,
      engage: async (body = {}) => (await call('POST', '/latch', { shape: shapes.latch, body })).data,
      reset: async body => (await call('DELETE', '/latch', { shape: shapes.latch, body })).data,
    },
    audit: async query => (await call('GET', '/audit', { shape: shapes.audit, query: searchOf(query) })).data,
    operation: async operationId =>
      (await call('GET', operationPath(operationId), { shape: shapes.operation })).data,
    dismiss: async (operationId, body) =>
      (await call('POST', `${operationPath(operationId)}/dismiss`, { shape: shapes.dismissal, body })).data,
    agents: {
      list: async query =>
        (await call('GET', '/agents', { shape: shapes.agents, query: searchOf(query) })).data,
      get: async agentId => (await call('GET', pathOf(agentId), { shape: shapes.agent })).data,
      register: async (agentId, body) =>
        (await call('PUT', pathOf(agentId), { shape: shapes.agent, body })).data,
      transition: async (agentId, body) =>
        (await call('PATCH', pathOf(agentId), { shape: shapes.agent, body })).data,
    },
    ready: async () => (await call('GET', '/readyz', { shape: shapes.ready, open: true, also: 503 })).data,
  };
}

/** What no header can hold would look like a server that does not answer. RFC 6750 section 2.1. */
function bearer(token: string): string {
  if (/^[A-Za-z0-9._~+/-]+=*$/.test(token)) return `Bearer ${token}`;
  throw new ClientError('unauthenticated', { title: 'The token has characters that no token has' });
}

function baseOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new TypeError('The URL of the server must be http:// or https://, without a password and a query');
  }
  return url.href.replace(/\/+$/, '');
}

/** Checked before it becomes a path: `a/kill` or `..` would be another request. */
function pathOf(agentId: string): string {
  if (!AGENT_ID.test(agentId)) {
    const detail = `An agent ID matches ${AGENT_ID.source}`;
    throw new ClientError('invalid_agent_id', { title: 'The agent ID is not valid', detail });
  }
  return `/agents/${encodeURIComponent(agentId)}`;
}

const operationPath = (operationId: string): string => `/operations/${encodeURIComponent(operationId)}`;

function searchOf({ labels = {}, ...rest }: AgentQuery & AuditQuery = {}): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(rest)) {
    if (value !== undefined) search.set(name, String(value));
  }
  for (const [name, value] of Object.entries(labels)) search.append('label', `${name}=${value}`);
  return search;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
