import type { AuditEntry } from '../domain/audit-entry.js';
import type { Stored } from '../domain/record.js';

/** A JSON text in the store that is changed by compare-and-set alone. */
export interface DocumentRef {
  readonly kind: 'agent' | 'operation' | 'latch' | 'memory' | 'checkpoint';
  /** Empty for the latch, of which there is one. */
  readonly id: string;
}

/**
 * One atomic step: all of it happens, durably, or none of it. It happens only while the document still is, byte
 * for byte, what the caller read.
 */
export interface Step {
  readonly document: DocumentRef;
  /** The exact text read; `null`: the document must be absent. */
  readonly expect: string | null;
  /** `null` deletes. */
  readonly next: string | null;
  readonly ttlSeconds?: number;
  /** For a step that lets an agent run: refused if the ID has a tombstone, a conflict if the latch is another. */
  readonly admission?: { readonly latch: string | null };
  /** Whether the agent belongs into the index of active agents; left as it is when absent. */
  readonly active?: boolean;
  /** Lays the lasting mark that the ID was killed, with this text. Never lifted. */
  readonly tombstone?: string;
  /** What a host owes for this agent: when to try (epoch milliseconds), or `null`: nothing any more. */
  readonly debt?: { readonly host: string; readonly dueAt: number | null };
  readonly audit: readonly AuditEntry[];
}

export type StepResult = 'committed' | 'conflict' | 'tombstoned';

/** The records. Every method rejects with `store_unavailable` within its deadline (1 s) when the store does not answer. */
export interface Records {
  /** In the order asked: `null` is absent; `undefined` is no UTF-8, or another program's key that is no string. */
  read(documents: readonly DocumentRef[]): Promise<readonly (string | null | undefined)[]>;
  /** Agents by ID, in the order asked; absent ones are left out. */
  agents(agentIds: readonly string[]): Promise<readonly StoredAgent[]>;
  /**
   * Agents page by page (at most 1,000 each). `active`: through the index, which is a hint; `all`: every record
   * there is, also those that other programs wrote.
   */
  scan(scope: 'active' | 'all'): AsyncIterable<readonly StoredAgent[]>;
  /**
   * Agents in ascending order of their IDs (by code unit), from after an ID on; `''`: from the beginning. Whoever begins
   * there and goes on from each `next` is given every agent that exists throughout, also those that other programs
   * wrote. A page may be short, or empty, and yet there is more.
   * @param limit the most agents of the page, at most 1,000
   */
  page(after: string, limit: number): Promise<AgentPage>;
  /** Each step by itself is atomic; one that is refused does not stop the others. Results in the order given. */
  commit(steps: readonly Step[]): Promise<readonly StepResult[]>;
  /** Whether each of these IDs was killed, in the order asked, records or no records. */
  tombstoned(agentIds: readonly string[]): Promise<readonly boolean[]>;
  /** Agents and operations for which `host` owes something that was due by `before` (epoch ms), oldest first. */
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
