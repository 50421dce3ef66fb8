import type { AgentProcess, LayerName } from './agent.js';
import type { AuditEntry } from './audit.js';
import type { Actor } from './command.js';
import type { LayerOutcome } from './outcome.js';
import type { Probe } from './probe.js';
import type { Stored } from './record.js';

export type { AuditLog, AuditPage, AuditPlace, AuditQuery, AuditRange } from './audit-log.js';
export type { Kernel } from './kernel.js';
export type { Health, Probe } from './probe.js';

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

/** What was asked of this process while the store could not be told: on this host's disk until it can be. */
export interface Journal extends Probe {
  /** Resolves when the text would survive a power cut. */
  append(id: string, text: string): Promise<void>;
  /** Oldest first. */
  read(): Promise<readonly { readonly id: string; readonly text: string }[]>;
  remove(id: string): Promise<void>;
}

/** Keys of which the first signs and all verify. Everything is synchronous: it is done for each entry and each agent. */
export interface KeyRing {
  /** Of the key that signs: 16 hexadecimal digits. */
  readonly id: string;
  /** HMAC-SHA256 (RFC 2104) in base64. */
  sign(text: string): string;
  /** @param id of the key that is said to have signed; `unknown`: it is not among ours */
  check(id: string, text: string, signature: string): 'good' | 'bad' | 'unknown';
}

/** What hashes the audit and signs its checkpoints. */
export interface AuditKeys extends KeyRing {
  /** SHA-256 (FIPS 180-4) in base64; of a text, of its UTF-8. */
  digest(data: string | Uint8Array): string;
}

/** What this host has seen of the audit's checkpoints, on its own disk: out of reach of who writes the store. */
export interface Witness {
  /** `undefined`: nothing yet. */
  read(): Promise<string | undefined>;
  /** Resolves when the text would survive a power cut; it stands there wholly or not at all. */
  keep(text: string): Promise<void>;
}

/** What there is to stop of one agent, from its record; every string in it is the agent's and not to be trusted. */
export interface Target {
  readonly agentId: string;
  readonly operationId: string;
  readonly containerId?: string;
  readonly process?: AgentProcess;
  readonly repository?: string;
  readonly worktreePath?: string;
}

export interface KillOptions {
  /** Milliseconds between SIGTERM and SIGKILL; 0: SIGKILL at once. */
  readonly graceMs: number;
  /** Ends the waiting (never the kill): the outcome is then `pending` or `failed`. */
  readonly deadline: AbortSignal;
}

/** Something that carries an agent's label and runs, or may run at any moment. */
export interface Sighting {
  readonly agentId: string;
  readonly layer: Sandbox['layer'];
  /** Container ID or PID. */
  readonly id: string;
  /** Epoch milliseconds; absent where nobody can tell. */
  readonly startedAt?: number;
}

/** What a lookout saw, and what kept it from seeing more. */
export interface Sightings {
  readonly seen: readonly Sighting[];
  /** Why something with a label may run here unseen, in words that may be shown. Absent: it would have been seen. */
  readonly blind?: string;
  /** How many processes on this host this user may not read; a label on one of them is never seen. */
  readonly unread?: number;
}

/** A kind of place where agents run. Neither `kill` nor `remove` rejects for what is gone: gone is success. */
export interface Sandbox extends Probe {
  readonly layer: Exclude<LayerName, 'worktree'>;
  /** Kills all that carries the agent's label, and what the record names if it carries it too; sees it dead. */
  kill(target: Target, options: KillOptions): Promise<LayerOutcome>;
  /** Removes the remains. Only called when `kill` saw it dead. Takes its turn in a small pool. */
  remove(target: Target, deadline: AbortSignal): Promise<LayerOutcome>;
}

/** Sees what carries an agent's label on this host, whoever started it. */
export interface Lookout {
  /**
   * All that carries a label on this host, of whichever agent. From the sandbox itself where it answers, from what
   * this process remembers of it otherwise, and then it says so in `blind`.
   */
  sightings(): Promise<Sightings>;
  /** Tells of each that starts from now on, as soon as it is known. Answers with what ends the watch. */
  watch(onStart: (sighting: Sighting) => void): () => void;
}

/**
 * What the records say against moving a directory: that another agent's names it, or that they cannot be read.
 * `undefined`: nothing. Never rejects.
 * @param places every spelling of the directory with the allowed root that it lies in, absolute and normalized
 */
export type Claimed = (
  places: readonly { readonly root: string; readonly path: string }[],
) => Promise<Pick<LayerOutcome, 'outcome' | 'detail'> | undefined>;

export interface Worktrees extends Probe {
  /**
   * Moves the worktree and its administrative directory into the quarantine. Only called when the agent is dead.
   * @param claimed is asked before something that stands there is moved, and its answer is then the outcome
   */
  clear(target: Target, deadline: AbortSignal, claimed?: Claimed): Promise<LayerOutcome>;
}

/** The request that a credential was shown with; one that is bound to a request is good for that one alone. */
export interface ShownWith {
  readonly method: string;
  /** With its query, as sent. */
  readonly path: string;
  /** Its bytes. Read only for a credential that is bound to them. */
  body(): Promise<ArrayBuffer>;
}

/** Turns a credential into an actor. Rejects with `unauthenticated`, always in the same words. */
export interface Authenticator extends Probe {
  /** @param request absent: a credential that is bound to one is refused */
  authenticate(authorization: string | undefined, request?: ShownWith): Promise<Actor>;
}

export interface Log {
  warn(entry: object, message: string): void;
  error(entry: object, message: string): void;
  info(entry: object, message: string): void;
}

export interface Clock {
  /** Wall clock, epoch milliseconds: for timestamps. */
  now(): number;
  /** Monotonic, milliseconds: for durations and deadlines. */
  monotonic(): number;
}

/** How it stands with one receiver. The counts are of this process. */
export interface NotifierStatus {
  readonly name: string;
  readonly delivered: number;
  /** Attempts. */
  readonly failed: number;
  /** Messages that it refuses at present while it takes others. */
  readonly aside: number;
  /** Age of the oldest event that is yet to be told. */
  readonly lagSeconds: number;
}

/** What a scrape shows of the moment. A member that is absent could not be found out. */
export interface Standing {
  /** That this host owes something for, as known in the store. */
  readonly pendingAgents?: number;
  readonly latchEngaged?: boolean;
  readonly notifiers: readonly NotifierStatus[];
}

/** Counts in memory, and shows it. To count waits for nothing and never throws. */
export interface Metrics {
  /** @param name of the function, where there is one for the path */
  answered(name: string | undefined, status: number): void;
  unauthenticated(): void;
  /** What this process wrote into the audit. */
  written(entries: readonly AuditEntry[]): void;
  /** In the text format of Prometheus. */
  render(standing: Standing): Promise<{ readonly type: string; readonly text: string }>;
}
