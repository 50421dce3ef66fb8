import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { inject } from 'vitest';
import { mintToken } from '../../lib/adapters/jose/mint.js';
import { type Scope, scopes, type Within } from '../../lib/command.js';
import { afterFile } from './registry.js';
import { temporaryDirectory } from './temporary.js';

const SECRET = 'a secret of the tests, long enough for HS256';
export type Environment = Readonly<Record<string, string>>;

export const storeKinds = ['sqlite', 'valkey'] as const;
export type StoreKind = (typeof storeKinds)[number];

let prefixes = 0;

/** Settings of one isolated installation on the engine of the tests: own store, own label, free port. */
export function settings(store: StoreKind, more: Environment = {}): Environment {
  const prefix = `test-${process.pid}-${Date.now()}-${prefixes++}:`;
  return {
    PORT: '0',
    DOCKER_HOST: inject('dockerHost'),
    KILLSWITCH_SECRET: SECRET,
    KILLSWITCH_STATE_DIR: temporaryDirectory(),
    KILLSWITCH_STORE: store === 'sqlite' ? 'sqlite' : inject('redisUrl'),
    KILLSWITCH_KEY_PREFIX: prefix,
    ...more,
  };
}

export const tokenFor = (granted: readonly Scope[] = scopes, within: Within = {}): Promise<string> =>
  mintToken({
    secret: SECRET,
    audience: 'killswitch',
    subject: 'tests',
    scopes: granted,
    within,
    ttlSeconds: 600,
  });

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what the server says is looked at member by member
  readonly body: any;
  readonly text: string;
}

/** One request with a token of every scope, or another one. */
export async function call(
  url: string,
  method: string,
  path: string,
  { body, token, headers = {} }: { body?: unknown; token?: string; headers?: Environment } = {},
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${token ?? (await tokenFor())}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, text, body: isJson ? JSON.parse(text) : undefined };
}

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** What it logged so far: one object a line. */
  readonly log: readonly Record<string, unknown>[];
  signal(name: NodeJS.Signals): void;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** A killswitch in a process of its own; resolves when it listens. */
export async function startServerProcess(
  environment: Environment,
  entry = ['functions/cli/main.ts', 'serve'],
): Promise<ServerProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', ...entry], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit').then(([code, signal]) => code ?? signal);
  afterFile(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let complaints = '';
  child.stderr.on('data', chunk => {
    complaints += chunk;
  });
  const log: Record<string, unknown>[] = [];
  const url = new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', line => {
      const entry = JSON.parse(line) as Record<string, unknown>;
      log.push(entry);
      if (entry['msg'] === 'listening') resolve(String(entry['url']));
    });
    void ended.then(code =>
      reject(new Error(`The server ended with ${code} before it listened: ${complaints}`)),
    );
  });
  return { url: await url, pid: child.pid ?? 0, log, ended, signal: name => void child.kill(name) };
}
