import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { inject, onTestFinished } from 'vitest';
import { RUN_MARK } from '../services/context.js';
import { makeRepository } from '../services/repositories.js';
import { programOf } from './install.js';
import { type ModelServer, startModelServer } from './model-server.js';
import type { Place, Recipe } from './recipes/recipe.js';
import { mcpServerIn } from './setup.js';
import { endGroup, enterLine, inGroup, makeGroup, rootOf } from './tracker.js';

const run = promisify(execFile);

/** Of one tool: a home folder, which its sessions share, with the model and the MCP server that it is pointed at. */
export interface Home {
  readonly recipe: Recipe;
  readonly folder: string;
  readonly place: Place;
  readonly model: ModelServer;
  /** Where its MCP servers write. */
  readonly mcp: string;
  /** What holds all that is started for this home. */
  readonly group: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Ends all that was started for it, and removes it. Happens after the test too. */
  close(): Promise<void>;
}

/** Removes what a tool keeps in a folder of all homes, and that folder with the last of them. */
function removeOutside(path: string): void {
  rmSync(path, { recursive: true, force: true });
  const parent = dirname(path);
  if (existsSync(parent) && readdirSync(parent).length === 0) rmdirSync(parent);
}

/** How many sessions a home has repositories for. */
export const SESSIONS = 3;
let serial = 0;

/** Makes a home. It is closed after the test. */
export async function openHome(recipe: Recipe): Promise<Home> {
  const name = `${recipe.name}${++serial}`;
  const folder = join(inject('runFolder'), name);
  const [home, mcp, tmp] = [join(folder, 'home'), join(folder, 'mcp'), join(folder, 'tmp')];
  for (const directory of [home, mcp, tmp]) mkdirSync(directory, { recursive: true });
  const group = makeGroup(rootOf(inject('runFolder')), name);
  const model = await startModelServer(() => inGroup(group));
  const repositories = Array.from({ length: SESSIONS }, (_, index) => join(folder, `repository${index + 1}`));
  const server = { command: process.execPath, args: [mcpServerIn(inject('runFolder')), mcp] };
  const place: Place = { home, url: model.url, repositories, mcp: server };
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    endGroup(group);
    await model.close();
    for (const path of recipe.outside?.(place) ?? []) removeOutside(path);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  onTestFinished(close);
  for (const repository of repositories) await makeRepository(repository);
  const environment = {
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    HOME: home,
    TMPDIR: tmp,
    LANG: 'C.UTF-8',
    SHELL: '/bin/bash',
    [RUN_MARK]: basename(inject('runFolder')),
    // Whatever is asked of the network beside the model is refused, and shows.
    HTTPS_PROXY: model.url,
    HTTP_PROXY: model.url,
    NO_PROXY: '127.0.0.1,localhost',
    ...recipe.environment(place),
  };
  recipe.setUp(place);
  for (const args of recipe.before?.(place) ?? [])
    await run('sh', ['-c', `${enterLine(group)}; exec "$@"`, 'sh', programOf(recipe), ...args], {
      cwd: home,
      env: environment,
    });
  return { recipe, folder, place, model, mcp, group, environment, close };
}
