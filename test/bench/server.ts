import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { build } from '../services/build.js';
import { afterFile } from '../services/registry.js';
import { type Environment, type StoreKind, settings, tokenFor } from '../services/server.js';
import { now } from './measure.js';

export interface BenchServer {
  readonly url: string;
  readonly environment: Environment;
  /** Milliseconds until it listened: from the start of the process, and from where it began to import its entry. */
  readonly took: { readonly start: number; readonly import: number };
  /** One request with a token of every scope, on a connection of its own. */
  ask(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly text: string }>;
  /** Megabytes of memory: now, and the most since the last `forgetPeak`. */
  memory(): { readonly resident: number; readonly peak: number };
  forgetPeak(): void;
  end(): Promise<void>;
}

interface Start {
  readonly store?: StoreKind;
  readonly more?: Environment;
  /** Arguments of node, in the folder of the compiled program. */
  readonly entry?: readonly string[];
  /** What it is started by, such as a program that takes something away from it. */
  readonly by?: readonly string[];
}

/** Says when Node is there and begins with the program. */
const IMPORTING = fileURLToPath(new URL('importing.cjs', import.meta.url));

let servers = 0;

/** A killswitch as it is installed: compiled, in a process of its own, with its log read by somebody. */
export async function startServer(start: Start = {}): Promise<BenchServer> {
  const { store = 'valkey', more = {}, entry = ['functions/cli/main.js', 'serve'], by = [] } = start;
  const label = `killswitch.bench-${process.pid}-${servers++}`;
  const environment = settings(store, { KILLSWITCH_AGENT_LABEL: label, ...more });
  const [path = '', ...rest] = entry;
  const [file = '', ...args] = [
    ...by,
    process.execPath,
    '--require',
    IMPORTING,
    join(build(), path),
    ...rest,
  ];
  // The process that it is started by becomes the server, so that the mark of the run is on it too.
  const startedAt = now();
  const child = spawn(file, args, {
    env: { ...process.env, DOCKER_HOST: undefined, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  afterFile(end);
  const { url, importedAt } = await Promise.race([
    listening(child.stdout),
    ended.then(([code]) => Promise.reject(new Error(`The server ended with ${code}.`))),
  ]);
  const listenedAt = now();
  const token = await tokenFor();
  const status = (name: string): number => {
    const text = readFileSync(`/proc/${child.pid}/status`, 'latin1');
    return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]) / 1024;
  };
  return {
    url,
    environment,
    took: { start: listenedAt - startedAt, import: listenedAt - importedAt },
    ask: (method, path, body) => ask({ url, token, method, path, body }),
    memory: () => ({ resident: status('VmRSS'), peak: status('VmHWM') }),
    // "5" resets the high water mark (proc(5), /proc/pid/clear_refs).
    forgetPeak: () => writeFileSync(`/proc/${child.pid}/clear_refs`, '5'),
    end,
  };
}

async function listening(output: Readable): Promise<{ url: string; importedAt: number }> {
  const lines = createInterface(output);
  let importedAt = Number.NaN;
  for await (const line of lines) {
    const { msg, url, at } = JSON.parse(line) as { msg: string; url?: string; at?: number };
    if (msg === 'importing' && at !== undefined) importedAt = at;
    if (msg !== 'listening' || url === undefined) continue;
    lines.close();
    output.resume();
    return { url, importedAt };
  }
  throw new Error('The server ended before it listened.');
}

export interface Ask {
  readonly url: string;
  readonly token: string;
  readonly method: string;
  readonly path: string;
  readonly body?: object | undefined;
}

export function ask({ url, token, method, path, body }: Ask): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body && { 'content-type': 'application/json' }),
    };
    const sent = request(url + path, { method, headers, agent: false }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', chunk => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text })).on('error', reject);
    });
    sent.on('error', reject).end(body && JSON.stringify(body));
  });
}
