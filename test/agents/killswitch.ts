import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { inject, onTestFinished } from 'vitest';
import type { Finding } from '../../lib/discovery/finding.js';
import { type Environment, runCli } from '../integration/cli-run.js';
import { SECRET, type ServerProcess, startBuiltServer } from '../services/server.js';
import type { Home } from './home.js';
import type { Recipe } from './recipes/recipe.js';
import { type Mode, modesOf, tools } from './tools.js';
import { inGroup } from './tracker.js';

/** A native executable, a daemon, a node wrapper: the tools that stops are tried on. */
export const stopped = tools.filter(({ name }) => ['claude', 'codex', 'gemini'].includes(name));

/** Each of them, as it is started: for the table of a test. */
export const started: readonly (readonly [name: string, mode: Mode, tool: Recipe])[] = stopped.flatMap(tool =>
  modesOf(tool).map(mode => [tool.name, mode, tool] as const),
);

let serial = 0;

/** Settings of an installation of its own: neither its state nor its agents' variable is that of any other. */
export const installation = (more: Environment = {}): Environment => ({
  KILLSWITCH_STATE_DIR: mkdtempSync(join(inject('runFolder'), 'state-')),
  KILLSWITCH_AGENT_VARIABLE: `AGENTS_TEST_${process.pid}_${++serial}`,
  KILLSWITCH_AGENT_LABEL: `agents-test-${process.pid}-${serial}`,
  KILLSWITCH_SANDBOX: 'process',
  ...more,
});

/** A server that makes agents of what a detector finds, by itself. It ends with the test. */
export async function startAdopting(detector: string): Promise<ServerProcess & { environment: Environment }> {
  const environment = installation({
    KILLSWITCH_DISCOVER: detector,
    KILLSWITCH_SECRET: SECRET,
    PORT: '0',
  });
  const server = await startBuiltServer(environment);
  onTestFinished(async () => {
    server.signal('SIGTERM');
    await server.ended;
  });
  return { ...server, environment };
}

/** What `killswitch scan` finds of a home, the older ones first: other agents of this machine do not matter here. */
export async function scanOf({ group }: Home, environment: Environment): Promise<readonly Finding[]> {
  const { stdout } = await runCli(['scan', '-o', 'json'], environment);
  const pids = new Set(inGroup(group));
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] };
  return findings.filter(({ pid = 0 }) => pids.has(pid));
}

/** Stops the agents of these IDs, and no other, as it is done where nothing is set up. @returns the receipt */
export async function killFound(agentIds: readonly string[], environment: Environment): Promise<object> {
  // Without one it would stop all agents of this machine.
  if (agentIds.length === 0) throw new Error('There is nothing to stop.');
  const named = agentIds.flatMap(id => ['--agent', id]);
  const { stdout, stderr } = await runCli(['kill-all', '--found', '--yes', '--json', ...named], environment);
  if (stdout === '') throw new Error(`There is no receipt: ${stderr}`);
  return JSON.parse(stdout);
}
