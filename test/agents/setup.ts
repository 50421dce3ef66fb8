import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import type { TestProject } from 'vitest/node';
import { findBinaries } from '../services/binaries.js';
import '../services/context.js';
import { makeRunFolder, staleRunFolders } from '../services/folder.js';
import { reap } from '../services/reap.js';
import { install } from './install.js';
import { tools } from './tools.js';
import { mountTracker, unmountTracker } from './tracker.js';

const SOURCE = fileURLToPath(new URL('./mcp-server.ts', import.meta.url));

/** Where a run has its MCP server. */
export const mcpServerIn = (folder: string): string => join(folder, 'mcp-server.mjs');

async function end(folder: string): Promise<void> {
  await unmountTracker(folder);
  reap(folder, { spareWorkers: true });
}

/** Installs the tools that the run is about, and makes its folder; in the end nothing of it is left but the tools. */
export default async function setup(project: Pick<TestProject, 'provide'>): Promise<() => Promise<void>> {
  for (const stale of staleRunFolders('agents')) await end(stale);
  findBinaries(['git', 'tmux']);
  for (const tool of tools) await install(tool);
  const folder = makeRunFolder('agents');
  mountTracker(folder);
  buildSync({ entryPoints: [SOURCE], outfile: mcpServerIn(folder), format: 'esm', target: 'node20' });
  project.provide('runFolder', folder);
  return () => end(folder);
}
