import { detectors } from './detectors/index.js';
import type { Finding } from './finding.js';
import { viewOf } from './host-view.js';
import { kinshipOf } from './kinship.js';
import { variablesOf } from './marks.js';
import type { ScanSources } from './scan.js';

/**
 * The finding whose tree holds a process: its main, its wrapper, what either has started, and what lost its parent.
 * @param findings of a scan just before
 * @throws Error when the processes cannot be looked at
 */
export async function findingAt(
  { table, agentVariable }: Pick<ScanSources, 'table' | 'agentVariable'>,
  findings: readonly Finding[],
  pid: number,
): Promise<Finding | undefined> {
  const view = viewOf(await table.list(variablesOf(detectors, agentVariable)), detectors, agentVariable);
  const process = view.get(pid);
  const kinship = kinshipOf(view);
  const root = process && (kinship.descentOf(process) ?? kinship.markedBy(process));
  return root && findings.find(({ id }) => id === `${root.main.pid}:${root.main.startTime}`);
}
