import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AgentReceipt } from '../../../lib/domain/outcome.js';
import type { DemoAgent } from './agent.js';
import type { DemoEngine } from './engine.js';
import { isAlive } from './process-marks.js';
import { type DemoRepository, UNSAVED } from './repository.js';

/** Something that was checked without asking the server, and whether it was as expected. */
export interface Check {
  readonly what: string;
  readonly held: boolean;
}

export interface DemoState {
  readonly engine: DemoEngine | undefined;
  readonly repository: DemoRepository;
  readonly agents: readonly DemoAgent[];
}

const idsOf = (agents: readonly DemoAgent[]): string[] => agents.map(({ agentId }) => agentId);

/** Checks that the killed agents are gone without losing work, and that all others still run. */
export async function runChecks(
  { engine, repository, agents }: DemoState,
  killed: readonly DemoAgent[],
  receipts: readonly AgentReceipt[],
  spared: readonly DemoAgent[],
): Promise<Check[]> {
  const checks: Check[] = [];
  const check = (what: string, held: boolean): void => void checks.push({ what, held });

  const marks = killed.flatMap(agent => agent.marks);
  const dead = marks.filter(mark => !isAlive(mark)).length;
  if (marks.length > 0)
    check(`${dead} of ${marks.length} processes gone from the process table`, dead === marks.length);

  if (engine && killed.some(({ containerId }) => containerId)) {
    const left = await engine.count(idsOf(killed));
    check(`the engine has ${left} containers labelled ${idsOf(killed).join(', ')}`, left === 0);
  }

  const listed = await repository.list();
  const gone = killed.filter(({ worktree }) => !listed.includes(worktree) && !existsSync(worktree)).length;
  check(`${gone} of ${killed.length} gone from git worktree list, and from disk`, gone === killed.length);

  const paths = receipts
    .flatMap(({ outcomes }) => outcomes.map(({ quarantinePath }) => quarantinePath))
    .filter(path => path !== undefined)
    .filter(path => existsSync(join(path, 'worktree', UNSAVED)));
  const [where = 'nowhere'] = paths.length > 1 ? paths.map(dirname) : paths;
  check(`unsaved work safe, ${paths.length} of ${killed.length}: ${where}`, paths.length === killed.length);

  if (spared.length > 0) {
    const containers = spared.filter(({ containerId }) => containerId).length;
    const alive =
      spared.flatMap(agent => agent.marks).every(isAlive) &&
      spared.every(({ worktree }) => listed.includes(worktree)) &&
      (!engine || (await engine.count(idsOf(spared))) === containers);
    check(`${spared.length} of the ${agents.length} agents left alone`, alive);
  }
  return checks;
}
