import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { temporaryDirectory } from '../services/agents.js';
import { type Environment, startBuiltServer } from '../services/server.js';
import { type Cli, type Ended, endOf, startCli } from './cli-run.js';

let ids = 0;
export const newId = (): string => `run-${process.pid}-${ids++}`;

/** Settings that lead a command to this server. */
export const asking = (url: string, environment: Environment): Environment => ({
  ...environment,
  KILLSWITCH_URL: url,
});

/** `killswitch run`, ended with the test file where it still runs. */
export function startRun(
  args: readonly string[],
  environment: Environment,
  how: { readonly cwd?: string; readonly detached?: boolean } = {},
): { readonly cli: Cli; readonly ended: Promise<Ended> } {
  const cli = startCli(['run', ...args], environment, how);
  return { cli, ended: endOf(cli) };
}

/** Files by which a command in a test says that it runs, and is told to go on. */
export function signposts() {
  const folder = temporaryDirectory();
  const path = (name: string): string => join(folder, name);
  return {
    path,
    read: (name: string): string => (existsSync(path(name)) ? readFileSync(path(name), 'utf8') : ''),
    /** Resolves with what it holds. */
    async written(name: string): Promise<string> {
      await expect.poll(() => existsSync(path(name)) && readFileSync(path(name), 'utf8')).toMatch(/\n$/);
      return readFileSync(path(name), 'utf8').trim();
    },
    give: (name: string): void => writeFileSync(path(name), ''),
    /** Shell that waits for it. */
    await: (name: string): string => `until [ -e '${path(name)}' ]; do sleep 0.02; done`,
  };
}

/** A server in a process of its own that can be killed, and the settings that name it. */
export async function startNamedServer(environment: Environment) {
  const server = await startBuiltServer(environment);
  return { ...server, named: asking(server.url, environment) };
}
