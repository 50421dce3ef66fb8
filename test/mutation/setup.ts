import { basename } from 'node:path';
import type { TestProject } from 'vitest/node';
import { RUN_MARK } from '../services/context.js';
import { makeRunFolder } from '../services/folder.js';
import { reap } from '../services/reap.js';

/** What the fast tests need: a folder of their own. No engine and no store are started. */
export default function setup(project: TestProject): () => void {
  const folder = makeRunFolder();
  process.env[RUN_MARK] = basename(folder);
  process.env['KILLSWITCH_CONFIG'] = '/dev/null';
  project.provide('runFolder', folder);
  return () => reap(folder, { spareWorkers: true });
}
