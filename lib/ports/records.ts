import type { AuditEntry } from '../domain/audit-entry.js';
import type { Stored } from '../domain/record.js';

/** A JSON text in the store, only ever changed by compare-and-set. */
export interface DocumentRef {
  readonly kind: 'agent' | 'operation' | 'latch' | 'memory' | 'checkpoint';
  /** Empty for the latch, of which there is one. */
  readonly id: string;
}

/**
 * One atomic, durable step. It is applied only if the document is still, byte for byte, what the caller read.
 */
export interface Step {
  readonly document: DocumentRef;
  /** The exact text read; `null`: the document must be absent. */
  readonly expect: string | null;
  /** `null` deletes. */
  readonly next: string | null;
  readonly ttlSeconds?: number;
  /** For a step that lets an agent run: `tombstoned` if the ID has a tombstone, `conflict` if the latch has changed. */
  readonly admission?: { readonly latch: string | null };
  /** Whether the agent is in the index of active agents; unchanged if absent. */
  readonly active?: boolean;
  /** Sets the permanent tombstone of the ID, with this text. */
  readonly tombstone?: string;
  /** The host's debt for this document: when to retry (epoch milliseconds), or `null`: none any more. */
  readonly debt?: { readonly host: string; readonly dueAt: number | null };
  readonly audit: readonly AuditEntry[];
}

export type StepResult = 'committed' | 'conflict' | 'tombstoned';

/** The records. Every method rejects with `store_unavailable` within its deadline (1 s) when the store does not answer. */
export interface Records {
  /** In the order given. `null`: absent; `undefined`: not UTF-8, or the key is not a string. */
  read(documents: readonly DocumentRef[]): Promise<readonly (string | null | undefined)[]>;
  /** Agents by ID, in the order given, without absent ones. */
  agents(agentIds: readonly string[]): Promise<readonly StoredAgent[]>;
  /**
   * Agents page by page (at most 1,000 each). `active`: through the index, which is a hint; `all`: every record
   * there is, also those that other programs wrote.
   */
  scan(scope: 'active' | 'all'): AsyncIterable<readonly StoredAgent[]>;
  /**
   * Agents in ascending order of their IDs (by code unit), after an ID; `''`: from the beginning. Following `next` from
   * the beginning yields every agent that exists throughout, also those that other programs wrote. A page may be short or
   * empty although there is more.
   * @param limit the most agents of the page, at most 1,000
   */
  page(after: string, limit: number): Promise<AgentPage>;
  /** Each step is atomic by itself; a refused one does not affect the others. Results in the order given. */
  commit(steps: readonly Step[]): Promise<readonly StepResult[]>;
  /** Whether each ID has a tombstone, in the order given, with or without a record. */
  tombstoned(agentIds: readonly string[]): Promise<readonly boolean[]>;
  /** IDs of agents and operations with a debt of `host` due by `before` (epoch milliseconds), oldest first. */
  debts(host: string, before: number, limit: number): Promise<readonly string[]>;
}

/** One page of agents. */
export interface AgentPage {
  readonly agents: readonly StoredAgent[];
  /** The next page begins after this ID; absent on the last page. */
  readonly next?: string;
}

export interface StoredAgent extends Stored {
  readonly tombstoned: boolean;
}
