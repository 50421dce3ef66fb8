import { omitUndefined } from '../util/omit-undefined.js';
import { parseJson } from '../util/parse-json.js';
import { type Agent, isStatus, type Kill } from './agent.js';
import { type Debt, isDebt } from './debt.js';
import { type AgentProcess, layers, sandboxesOf } from './sandbox.js';

/** A record as stored; `raw` is absent if the bytes are not UTF-8, or the key is not a string. */
export interface Stored {
  readonly agentId: string;
  readonly raw: string | undefined;
  /** The key holds a hash, a list or the like: another program's, never to be overwritten. */
  readonly isForeign?: true;
}

/** A parsed record, with the exact text that a compare-and-set needs. */
export type Reading =
  | { readonly kind: 'agent'; readonly agent: Agent; readonly raw: string }
  | { readonly kind: 'unreadable'; readonly agentId: string; readonly why: string };

export const idOf = (reading: Reading): string =>
  reading.kind === 'agent' ? reading.agent.agentId : reading.agentId;

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** An empty string counts as absent, like the zero value of other languages. */
const string = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

function readProcess(value: unknown): AgentProcess | undefined {
  if (!isObject(value)) return undefined;
  const { pid } = value;
  // PID 1 is never an agent, and 0 and below do not name one process: kill(2).
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 2) return undefined;
  return omitUndefined<AgentProcess>({
    pid,
    startTime: string(value.startTime),
    bootId: string(value.bootId),
  });
}

function readLabels(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function readKill(value: unknown): Kill | undefined {
  if (!isObject(value)) return undefined;
  return omitUndefined<Kill>({
    operationId: string(value.operationId) ?? '',
    requestedAt: string(value.requestedAt) ?? '',
    requestedBy: string(value.requestedBy) ?? '',
    reason: string(value.reason),
    pending: readDebts(value.pending),
    attempts: typeof value.attempts === 'number' ? value.attempts : 0,
    shared: value.shared === true ? value.shared : undefined,
    lastError: string(value.lastError),
    confirmedAt: string(value.confirmedAt),
    dismissed: readDismissal(value.dismissed),
  });
}

/** The layers first, in their order; then what is owed besides. */
function readDebts(value: unknown): readonly Debt[] {
  const debts = Array.isArray(value) ? value.filter(isDebt) : [];
  return [...new Set([...layers.filter(layer => debts.includes(layer)), ...debts])];
}

function readDismissal(value: unknown): Kill['dismissed'] {
  if (!isObject(value)) return undefined;
  const { at, by, reason } = value;
  return { at: string(at) ?? '', by: string(by) ?? '', reason: string(reason) ?? '' };
}

/**
 * Reads a record that any program may have written. Missing and invalid members count as absent; the key, not the text,
 * decides whose record it is. Only a record without a known status is unreadable.
 */
export function readRecord({ agentId, raw, isForeign }: Stored): Reading {
  if (isForeign) return { kind: 'unreadable', agentId, why: 'the key is not a string' };
  if (raw === undefined) return { kind: 'unreadable', agentId, why: 'the record is not UTF-8' };
  const value = parseJson(raw);
  if (value === undefined) return { kind: 'unreadable', agentId, why: 'the record is not JSON' };
  if (!isObject(value)) return { kind: 'unreadable', agentId, why: 'the record is not a JSON object' };
  const { status } = value;
  const short = { containerId: string(value.containerId), process: readProcess(value.process) };
  if (!isStatus(status)) return { kind: 'unreadable', agentId, why: 'the status is unknown' };
  const agent = omitUndefined<Agent>({
    agentId,
    status,
    taskId: string(value.taskId),
    startedAt: string(value.startedAt),
    host: string(value.host),
    sandboxes: sandboxesOf(value.sandboxes, short),
    ...short,
    repository: string(value.repository),
    worktreePath: string(value.worktreePath),
    labels: readLabels(value.labels),
    source: value.source === 'observed' ? value.source : undefined,
    detector: string(value.detector),
    expiresAt: string(value.expiresAt),
    kill: readKill(value.kill),
  });
  return { kind: 'agent', agent, raw };
}
