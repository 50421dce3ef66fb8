import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type DockerOptions, type DockerSandbox, openDocker } from '../../lib/adapters/docker/index.js';
import type { Log } from '../../lib/ports/runtime.js';
import type { KillOptions, Target } from '../../lib/ports/sandbox.js';
import { temporaryDirectory } from '../services/agents.js';

// Engines that are unwell in ways that a real one cannot be brought to.

export const silent: Log = { warn: () => undefined, error: () => undefined, info: () => undefined };
export const unhurried = (): KillOptions => ({ graceMs: 0, deadline: AbortSignal.timeout(20_000) });
export const within = (): AbortSignal => AbortSignal.timeout(20_000);

const containerId = 'c'.repeat(64);
export const target: Target = { agentId: 'a1', operationId: 'op', id: containerId };
export const unrecorded: Target = { agentId: 'a1', operationId: 'op' };
/** As the engine's list has it. */
export const container = (state: string, labels: object | null = { 'killswitch.agent-id': 'a1' }) => ({
  Id: containerId,
  State: state,
  Labels: labels,
});

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;
export const json =
  (body: unknown, status = 200): Answer =>
  response => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
export const status = (code: number): Answer => json({ message: 'a secret of the engine' }, code);
export const nothing: Answer = () => undefined;
/** One answer after the other; the last one stays. */
export const inTurn = (...answers: Answer[]): Answer => {
  return (response, request) => (answers.length > 1 ? answers.shift() : answers[0])?.(response, request);
};

export async function listen(server: Server): Promise<string> {
  const socketPath = join(temporaryDirectory(), 'engine.sock');
  await new Promise<void>(resolve => server.listen(socketPath, resolve));
  return socketPath;
}

export function openAt(socketPath: string, options: Partial<DockerOptions> = {}): DockerSandbox {
  const docker = openDocker({
    host: { socketPath },
    callDeadlineMs: 200,
    killDeadlineMs: 200,
    log: silent,
    ...options,
  });
  onTestFinished(() => docker.close());
  return docker;
}

export interface Routes {
  readonly list?: Answer;
  readonly kill?: Answer;
  readonly wait?: Answer;
  readonly unpause?: Answer;
  readonly remove?: Answer;
  /** Of one container. */
  readonly inspect?: Answer;
  readonly logs?: Answer;
  /** What is asked for by itself, and not written down: all that carries the label, and the event stream. */
  readonly fill?: Answer;
  readonly events?: Answer;
}

/** A stream of events that has begun. */
export const stream = (...chunks: string[]): Answer => {
  return response => {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    for (const chunk of chunks) response.write(chunk);
  };
};
/** As the engine's stream has it. */
export const event = (action: string, { id = containerId, agentId = 'a1', at = Date.now() } = {}): string => {
  const attributes = { name: 'x', 'killswitch.agent-id': agentId };
  return `${JSON.stringify({
    Type: 'container',
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    timeNano: at * 1e6,
  })}\n`;
};
/** All that there is carries the label, and nobody is asked about a single agent. */
const isFill = ({ searchParams }: URL): boolean =>
  !searchParams.has('limit') &&
  (JSON.parse(searchParams.get('filters') ?? '{}').label?.every((label: string) => !label.includes('=')) ??
    false);

/** An engine that answers as told; unless told, it has one running container, and does what it is asked. */
export async function fakeEngine(routes: Routes, options: Partial<DockerOptions> = {}) {
  const calls: string[] = [];
  const done: Answer = response => response.writeHead(204).end();
  const listener: RequestListener = (request, response) => {
    const url = new URL(request.url ?? '', 'http://docker');
    const { pathname, searchParams } = url;
    if (pathname === '/events') return (routes.events ?? stream())(response, request);
    const isList = pathname === '/containers/json';
    if (isList && isFill(url)) return (routes.fill ?? json([]))(response, request);
    const last = pathname.split('/').at(-1) ?? '';
    const found = isList ? 'list' : last === 'json' ? 'inspect' : last;
    const verb = request.method === 'DELETE' ? 'remove' : found;
    calls.push(searchParams.get('signal') ?? verb);
    const answers: Record<string, Answer> = {
      list: routes.list ?? json([container('running')]),
      inspect: routes.inspect ?? status(404),
      logs: routes.logs ?? status(404),
      kill: routes.kill ?? done,
      wait: routes.wait ?? json({ StatusCode: 137 }),
      unpause: routes.unpause ?? done,
      remove: routes.remove ?? done,
    };
    (answers[verb] ?? status(400))(response, request);
  };
  const server = createServer(listener);
  const socketPath = await listen(server);
  const docker = openAt(socketPath, options);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { docker, calls, socketPath };
}

export const unusable = { outcome: 'failed', detail: 'the engine gave no usable answer' };
export const unanswered = { outcome: 'pending', detail: 'the engine does not answer' };
/** The same of an engine that could not be asked what there is to kill. */
export const sightless = (seen: typeof unusable) => ({ ...seen, outcome: 'blind' });
