import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type DockerOptions, type DockerSandbox, openDocker } from '../../lib/adapters/docker/index.js';
import type { KillOptions, Log, Target } from '../../lib/ports.js';
import { temporaryDirectory } from '../services/agents.js';

// Engines that are unwell in ways that a real one cannot be brought to.

export const silent: Log = { warn: () => undefined, error: () => undefined, info: () => undefined };
export const unhurried = (): KillOptions => ({ graceMs: 0, deadline: AbortSignal.timeout(20_000) });
export const within = (): AbortSignal => AbortSignal.timeout(20_000);

const containerId = 'c'.repeat(64);
export const target: Target = { agentId: 'a1', operationId: 'op', containerId };
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
}

/** An engine that answers as told; unless told, it has one running container, and does what it is asked. */
export async function fakeEngine(routes: Routes, options: Partial<DockerOptions> = {}) {
  const calls: string[] = [];
  const done: Answer = response => response.writeHead(204).end();
  const listener: RequestListener = (request, response) => {
    const { method, url = '' } = request;
    const { pathname, searchParams } = new URL(url, 'http://docker');
    const verb = method === 'DELETE' ? 'remove' : (pathname.split('/').at(-1) ?? '');
    const signal = searchParams.get('signal');
    calls.push(signal ?? (verb === 'json' ? 'list' : verb));
    const answers: Record<string, Answer> = {
      json: routes.list ?? json([container('running')]),
      kill: routes.kill ?? done,
      wait: routes.wait ?? json({ StatusCode: 137 }),
      unpause: routes.unpause ?? done,
      remove: routes.remove ?? done,
    };
    (answers[verb] ?? status(400))(response, request);
  };
  const server = createServer(listener);
  const docker = openAt(await listen(server), options);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { docker, calls };
}

export const unusable = { outcome: 'failed', detail: 'the engine gave no usable answer' };
export const unanswered = { outcome: 'pending', detail: 'the engine does not answer' };
