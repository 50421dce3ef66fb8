import { AGENT_ID } from '../domain/agent.js';
import type { ProcessInfo } from '../ports/process-table.js';
import type { Finding } from './finding.js';
import type { Root } from './roots.js';

/**
 * The ID that each agent has, or would get: the one that it carries, or that of its session, or else that of its main
 * process. The same ones each time that the same agents run.
 * @param sessionOf what the tool calls its session, where that is known
 */
export function agentIdsOf(
  roots: readonly Root[],
  sessionOf: (root: Root) => string | undefined,
): ReadonlyMap<Root, string> {
  const ids = new Map<Root, string>();
  const taken = new Set<string>();
  for (const root of roots) {
    const id = agentIdOf(root, sessionOf(root), taken);
    ids.set(root, id);
    taken.add(id);
  }
  return ids;
}

function agentIdOf(
  { detector, main, label }: Root,
  session: string | undefined,
  taken: ReadonlySet<string>,
): string {
  if (label !== undefined) return label;
  const name = detector?.name ?? 'variable';
  const bySession = `${name}-${session}`;
  if (session !== undefined && AGENT_ID.test(bySession) && !taken.has(bySession)) return bySession;
  return byProcess(name, main);
}

/** The start time of a table by ps(1) is a date in words. */
const byProcess = (
  name: string,
  { pid, startTime, startedAt }: Pick<ProcessInfo, 'pid' | 'startTime' | 'startedAt'>,
): string => `${name}-${pid}-${/^\d+$/.test(startTime) ? startTime : startedAt}`;

/** The ID that a finding would have without a session. */
export function processAgentId({ agentId, detector, id, pid, startedAt = '' }: Finding): string {
  if (pid === undefined) return agentId;
  const startTime = id.slice(id.indexOf(':') + 1);
  return byProcess(detector, { pid, startTime, startedAt: Date.parse(startedAt) });
}

/** The session that an ID was made from. */
export function sessionIn(agentId: string, detector: string): string | undefined {
  const rest = agentId.startsWith(`${detector}-`) ? agentId.slice(detector.length + 1) : '';
  return rest === '' || /^\d+-\d+$/.test(rest) ? undefined : rest;
}
