import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import type { TestProject } from 'vitest/node';
import { findBinaries } from '../services/binaries.js';
import '../services/context.js';
import { makeRunFolder, staleRunFolders } from '../services/folder.js';
import { onEnd } from '../services/on-end.js';
import { reap } from '../services/reap.js';
import { install } from './install.js';
import { tools } from './tools.js';
import { mountTracker, unmountTracker } from './tracker.js';

const SOURCE = fileURLToPath(new URL('./mcp-server.ts', import.meta.url));

/** Where a run has its MCP server. */
export const mcpServerIn = (folder: string): string => join(folder, 'mcp-server.mjs');

function end(folder: string): void {
  unmountTracker(folder);
  reap(folder, { spareWorkers: true });
}

/** Installs the tools that the run is about, and makes its folder; in the end nothing of it is left but the tools. */
export default async function setup(project: Pick<TestProject, 'provide'>): Promise<() => void> {
  for (const stale of staleRunFolders('agents')) end(stale);
  findBinaries(['git', 'tmux']);
  for (const tool of tools) {
    const ms = await install(tool);
    if (ms > 0) console.log(`${tool.name} ${tool.version}: installed in ${(ms / 1000).toFixed(1)} s`);
  }
  const folder = makeRunFolder('agents');
  const release = onEnd(() => end(folder));
  mountTracker(folder);
  buildSync({ entryPoints: [SOURCE], outfile: mcpServerIn(folder), format: 'esm', target: 'node20' });
  project.provide('runFolder', folder);
  return () => {
    release();
    end(folder);
  };
}
