import type { Agent, Status } from '../domain/agent.js';
import type { Command } from '../domain/command.js';
import { owedPlaces } from '../domain/debt.js';
import type { KillswitchError } from '../domain/errors.js';
import {
  type AgentReceipt,
  areVerified,
  isOwed,
  isSeen,
  type LayerOutcome,
  pendingOf,
  type Receipt,
} from '../domain/outcome.js';
import { layerOf, type SandboxKind, type SandboxRef } from '../domain/sandbox.js';
import type { Clock } from '../ports/runtime.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { forgetWider, inOrder, isSamePlace } from './places.js';
import { EMPTY, MAX_NAMED, summarize, tallied } from './summary.js';

/** What can be stopped of an agent even if its record cannot be read: everything that carries its label. */
export type Stoppable = Pick<Agent, 'agentId'> & Partial<Agent>;

/** One agent under one operation: what has been seen of it so far, and when the work on it ends. */
export interface Entry {
  readonly agent: Stoppable;
  /** Of the operation that killed the agent. */
  readonly operationId: string;
  statusBefore?: Status;
  /** Why it could not be marked killed. */
  readonly error?: KillswitchError;
  /** Grows while the work goes on; readable at any moment. */
  readonly outcomes: readonly LayerOutcome[];
  note(outcome: LayerOutcome): void;
  /** Set once no sandbox of the agent may still run. */
  isDown?: true;
  /** Never rejects. */
  readonly done: Promise<void>;
}

const ENDED: Promise<void> = Promise.resolve();

interface Opening extends Pick<Entry, 'agent' | 'operationId' | 'error'> {
  /** Monotonic milliseconds of the command's acceptance; the times noted count from there. */
  readonly startedAt: number;
  /** Why nothing has been seen yet. */
  readonly detail?: string;
}

/**
 * An entry that begins with what the record says is owed.
 * @param work notes what it sees in the entry; may not reject
 * @param kinds the sandboxes of this host, for what is owed of an agent that names none
 */
export function openEntry(
  { agent, operationId, error, startedAt, detail }: Opening,
  clock: Clock,
  work: (entry: Entry) => Promise<void>,
  kinds: readonly SandboxKind[] = [],
): Entry {
  const recorded = agent.sandboxes ?? NONE;
  const seen: LayerOutcome[] = [];
  for (const { layer, kind, id } of owedPlaces(agent.kill?.pending ?? [], recorded, kinds)) {
    const pending: { -readonly [K in keyof LayerOutcome]: LayerOutcome[K] } = { layer, outcome: 'pending' };
    if (kind !== undefined) pending.kind = kind;
    if (id !== undefined) pending.id = id;
    if (detail) pending.detail = detail;
    if (!seen.some(one => isSamePlace(one, pending))) seen.push(pending);
  }
  const entry: Entry & { done: Promise<void> } = {
    agent,
    operationId,
    ...(error ? { error } : {}),
    get outcomes() {
      return inOrder(recorded, seen);
    },
    note(outcome) {
      const elapsed = Math.round((clock.monotonic() - startedAt) * 10) / 10;
      const at = seen.findIndex(one => isSamePlace(one, outcome));
      const deadAfterMs = seen[at]?.deadAfterMs ?? (isSeen(outcome) ? elapsed : undefined);
      seen[at < 0 ? seen.length : at] = {
        ...outcome,
        ...(deadAfterMs !== undefined && outcome.layer !== 'worktree' ? { deadAfterMs } : {}),
        ...(isOwed(outcome) ? {} : { settledAfterMs: elapsed }),
      };
      forgetWider(seen, outcome);
    },
    done: ENDED,
  };
  entry.done = work(entry);
  return entry;
}

const NONE: readonly SandboxRef[] = [];

/** An entry with nothing to do: what was seen before, or why the agent could not be marked killed. */
export function endedEntry(
  agent: Stoppable,
  operationId: string,
  seen: {
    readonly statusBefore?: Status | undefined;
    readonly error?: KillswitchError;
    readonly outcomes?: readonly LayerOutcome[];
  },
): Entry {
  const { statusBefore, error, outcomes = [] } = seen;
  const entry: Entry = {
    agent,
    operationId,
    outcomes,
    note: () => undefined,
    done: ENDED,
    ...(error && { error }),
  };
  if (statusBefore) entry.statusBefore = statusBefore;
  return entry;
}

/** What is said without an ID is said of all of a kind; without a kind, of all of a layer. */
const isAbout = (ref: SandboxRef, { layer, kind, id }: LayerOutcome): boolean =>
  kind === undefined ? layer === layerOf(ref.kind) : kind === ref.kind && (id === undefined || id === ref.id);

/** A sandbox that the record names must itself be seen gone; another one that is gone proves nothing about it. */
function isVerified({ agent, error }: Entry, outcomes: readonly LayerOutcome[]): boolean {
  const isSeenGone = (ref: SandboxRef): boolean => outcomes.some(one => isSeen(one) && isAbout(ref, one));
  return !error && areVerified(outcomes) && (agent.sandboxes ?? NONE).every(isSeenGone);
}

export function agentReceipt(entry: Entry): AgentReceipt {
  const { agent, operationId, statusBefore, outcomes, error } = entry;
  return omitUndefined<AgentReceipt>({
    agentId: agent.agentId,
    operationId,
    statusBefore,
    taskId: agent.taskId,
    host: agent.host,
    verified: isVerified(entry, outcomes),
    pending: pendingOf(outcomes, agent.sandboxes),
    outcomes,
    error: error && { code: error.code, detail: error.message },
  });
}

/** The answer to one command while the command is being carried out. */
export interface ReceiptBuilder {
  /** Names the first 1,000; the others are counted. */
  add(entry: Entry): void;
  /** No more are added: there are none, or `error` says why the rest could not be reached. */
  close(error?: KillswitchError): void;
  /** The store does not answer: no record says yet what this receipt says. */
  degrade(): void;
  /** Adds a sentence to `errors`: something did not go as it should. */
  fail(sentence: string): void;
  /** Adds a sentence to `warnings`, once. */
  warn(sentence: string): void;
  /** Why agents of this command may run unseen. The receipt is incomplete until there is no such reason. */
  blind(reasons: readonly string[]): void;
  /** Whether no agent was found for the command so far. */
  isEmpty(): boolean;
  /** Resolves when every entry has ended. */
  finished(): Promise<void>;
  /** What is known at this moment. */
  build(): Receipt;
}

export function createReceipt(command: Command): ReceiptBuilder {
  const named = new Set<Entry>();
  const unnamed = new Set<Entry>();
  let ended = EMPTY;
  const failures: string[] = [];
  const warnings = new Set<string>();
  let blindReasons: readonly string[] = [];
  let degraded = false;
  let end: { readonly error?: KillswitchError | undefined } | undefined;

  function fold(entry: Entry): void {
    unnamed.delete(entry);
    ended = tallied(ended, agentReceipt(entry));
  }

  return {
    add(entry) {
      if (named.has(entry) || unnamed.has(entry)) return;
      if (named.size < MAX_NAMED) {
        named.add(entry);
        return;
      }
      // At once: a promise for each of 100,000 agents that need nothing would cost more than all else.
      if (entry.done === ENDED) return fold(entry);
      unnamed.add(entry);
      void entry.done.then(() => fold(entry));
    },
    close(error) {
      end = { error };
    },
    degrade() {
      degraded = true;
    },
    fail(sentence) {
      failures.push(sentence);
    },
    warn(sentence) {
      warnings.add(sentence);
    },
    blind(reasons) {
      blindReasons = reasons;
    },
    isEmpty: () => named.size === 0,
    async finished() {
      await Promise.all([...named, ...unnamed].map(({ done }) => done));
    },
    build: () =>
      summarize(command, {
        named: [...named].map(agentReceipt),
        unnamed: [...unnamed].map(agentReceipt),
        ended,
        failures,
        warnings: [...warnings],
        blindReasons,
        degraded,
        end,
      }),
  };
}
