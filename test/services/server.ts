import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { mintToken } from '../../lib/adapters/jose/mint.js';
import { type Scope, scopes, type Within } from '../../lib/domain/actor.js';
import { expectDocumented } from '../functions/documented.js';
import { build } from './build.js';
import { inject, RUN_MARK } from './context.js';
import { type Identity, newIdentity, setIdentity } from './identity.js';
import { afterFile } from './registry.js';
import { temporaryDirectory } from './temporary.js';

export const SECRET = 'a secret of the tests, long enough for HS256';
export type Environment = Readonly<Record<string, string>>;

export const storeKinds = ['sqlite', 'valkey'] as const;
export type StoreKind = (typeof storeKinds)[number];

let prefixes = 0;

/**
 * Settings of one isolated installation on the engine of the tests: own store, own label and variable, free port, no
 * configuration file. Agents that are started afterwards in this test file are its own, if they are not given another
 * label or variable.
 */
export function settings(store: StoreKind, more: Environment = {}): Environment {
  const { label, variable } = newIdentity();
  const prefix = `test-${process.pid}-${Date.now()}-${prefixes++}:`;
  const all: Environment = {
    KILLSWITCH_CONFIG: '/dev/null',
    PORT: '0',
    DOCKER_HOST: inject('dockerHost'),
    KILLSWITCH_SECRET: SECRET,
    KILLSWITCH_STATE_DIR: temporaryDirectory(),
    KILLSWITCH_STORE: store === 'sqlite' ? 'sqlite' : inject('redisUrl'),
    KILLSWITCH_KEY_PREFIX: prefix,
    KILLSWITCH_AGENT_LABEL: label,
    KILLSWITCH_AGENT_VARIABLE: variable,
    ...more,
  };
  setIdentity(identityOf(all));
  return all;
}

export const identityOf = (environment: Environment): Identity => ({
  label: environment['KILLSWITCH_AGENT_LABEL'] ?? '',
  variable: environment['KILLSWITCH_AGENT_VARIABLE'] ?? '',
});

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
  const { status, headers: given } = response;
  const text = await response.text();
  expectDocumented(method, path, { status, headers: given, text });
  const isJson = /json/.test(given.get('content-type') ?? '');
  return { status, text, body: isJson ? JSON.parse(text) : undefined };
}

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** What it logged so far: one object a line. */
  readonly log: readonly Record<string, unknown>[];
  /** Resolves when it logs this message the next time. */
  logged(message: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/**
 * A killswitch in a process of its own, compiled beforehand; resolves when it listens.
 * @param by what it is started by, such as a program that takes rights away from it
 */
export const startBuiltServer = (
  environment: Environment,
  [file, ...args]: readonly [string, ...string[]] = ['functions/cli/main.js', 'serve'],
  by: readonly string[] = [],
): Promise<ServerProcess> => launch([...by, process.execPath, join(build(), file), ...args], environment);

async function launch(
  [file = '', ...args]: readonly string[],
  environment: Environment,
): Promise<ServerProcess> {
  const child = spawn(file, args, {
    env: {
      PATH: process.env['PATH'] ?? '',
      [RUN_MARK]: basename(inject('runFolder')),
      KILLSWITCH_CONFIG: '/dev/null',
      ...environment,
    },
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
  const told = new EventEmitter().setMaxListeners(0);
  createInterface(child.stdout).on('line', line => {
    const entry = parse(line);
    log.push(entry);
    told.emit(`: ${entry['msg']}`, entry);
  });
  const logged = async (message: string): Promise<void> => void (await once(told, `: ${message}`));
  const url = await Promise.race([
    once(told, ': listening').then(([entry]) => String(entry.url)),
    ended.then(code => {
      throw new Error(`The server ended with ${code} before it listened: ${complaints}`);
    }),
  ]);
  return { url, pid: child.pid ?? 0, log, logged, ended, signal: name => void child.kill(name) };
}

/** A line that a SIGKILL cut off is no line. */
function parse(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line);
  } catch {
    return { cut: line };
  }
}
