import type { z } from 'zod';
import type { Registration, Transition } from '../domain/agent.js';
import type { DismissBody } from '../domain/command.js';
import type { ApiRequest } from '../triggers/api-request.js';
import { clientShapes } from './client-shapes.js';
import type { Commands } from './commands.js';
import { commandsOver, readAnswer, type Send } from './commands-over.js';
import { ClientError } from './error.js';
import { agentPath, operationPath, searchPath } from './paths.js';
import type { AgentRecord, AuditPage, DismissalStatus, HostScanAnswer, Readiness } from './responses.js';

export type { AgentQuery, Commands, StopOptions } from './commands.js';
export { ClientError, type ClientErrorCode } from './error.js';
export type {
  AgentRecord,
  AgentRecords,
  Answer,
  AuditPage,
  DismissalStatus,
  HostScanAnswer,
  KillReceipt,
  LatchStatus,
  OperationStatus,
  Readiness,
} from './responses.js';

import { parseJson } from '../util/parse-json.js';

export interface ClientOptions {
  /** Where the server listens, such as `http://127.0.0.1:8787`; a path in front of the API's own is kept. */
  readonly url: string;
  /** What the server is called in messages; its URL if absent. */
  readonly name?: string;
  /** The JWT, or a function that makes one for each request. */
  readonly token: string | (() => string | Promise<string>);
  readonly fetch?: typeof globalThis.fetch;
  /** Milliseconds to wait for an answer. The server's own deadline is 5 s, so more than that. */
  readonly timeoutMs?: number;
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

/** The same {@link Commands} that a server carries out in itself, over HTTP. Every method rejects with a {@link ClientError}. */
export interface Client extends Commands {
  /** What was done, by whom and why, oldest first. */
  audit(query?: AuditQuery): Promise<AuditPage>;
  /** What runs on the server's host that looks like an agent, registered or not. */
  scan(): Promise<HostScanAnswer>;
  /** Gives up what it still owes, in the name of the token's subject. Confirms nothing. */
  dismiss(operationId: string, body: DismissBody): Promise<DismissalStatus>;
  readonly agents: Commands['agents'] & {
    get(agentId: string): Promise<AgentRecord>;
    /** The same registration again is no error. */
    register(agentId: string, registration: Registration): Promise<AgentRecord>;
    transition(agentId: string, change: Transition): Promise<AgentRecord>;
  };
  /** Needs no token. A server that is up but not ready is an answer, not an error. */
  ready(): Promise<Readiness>;
}

/** A request, with the methods that only a client of HTTP has. */
type Sent = Omit<ApiRequest, 'method'> & {
  readonly method: ApiRequest['method'] | 'PUT' | 'PATCH';
  /** Needs no token. */
  readonly open?: true;
};

/** @throws TypeError if the URL is not an HTTP URL */
export function createClient(options: ClientOptions): Client {
  const base = baseOf(options.url);
  const { token, timeoutMs = 30_000, fetch = globalThis.fetch, name = base } = options;

  const send: Send<Sent> = async ({ method, path, body, key, open }) => {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (!open) headers['authorization'] = bearer(typeof token === 'string' ? token : await token());
    if (key !== undefined) headers['idempotency-key'] = key;
    if (body) headers['content-type'] = 'application/json';
    const { status, text } = await ask(`${base}${path}`, {
      method,
      headers,
      // A redirect would send the request, or the credential, to another server.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status, body: parseJson(text) };
  };

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

  const call = async <T>(request: Sent, shape: z.ZodType<T>, also?: number): Promise<T> =>
    readAnswer(await send(request), shape, also);
  const commands = commandsOver(send);

  return {
    ...commands,
    audit: query => call({ method: 'GET', path: searchPath('/audit', query) }, clientShapes.audit),
    scan: () => call({ method: 'GET', path: '/scan' }, clientShapes.scan),
    dismiss: (operationId, body) =>
      call({ method: 'POST', path: `${operationPath(operationId)}/dismiss`, body }, clientShapes.dismissal),
    agents: {
      ...commands.agents,
      get: async agentId => call({ method: 'GET', path: agentPath(agentId) }, clientShapes.agent),
      register: async (agentId, body) =>
        call({ method: 'PUT', path: agentPath(agentId), body }, clientShapes.agent),
      transition: async (agentId, body) =>
        call({ method: 'PATCH', path: agentPath(agentId), body }, clientShapes.agent),
    },
    ready: () => call({ method: 'GET', path: '/readyz', open: true }, clientShapes.ready, 503),
  };
}

/** Rejects a token that no header can hold, which would otherwise look like a server that does not answer. RFC 6750 section 2.1. */
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
