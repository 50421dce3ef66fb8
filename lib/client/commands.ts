import type { Actor } from '../domain/actor.js';
import type { Status } from '../domain/agent.js';
import type { EngageBody, KillAllBody, KillBody, ResetBody } from '../domain/command.js';
import type {
  AgentRecords,
  Answer,
  KillAllReceipt,
  KillReceipt,
  LatchStatus,
  OperationStatus,
} from './responses.js';

export interface StopOptions {
  /** Sent again with the same key within 24 hours, the command is carried out once: a stop answers its first receipt. */
  readonly idempotencyKey?: string;
}

export interface AgentQuery {
  readonly status?: Status | 'unreadable';
  readonly taskId?: string;
  readonly host?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly cursor?: string;
  /** 1 to 1,000 a page; 100 if absent. */
  readonly limit?: number;
}

/**
 * What can be asked of the emergency stop in one actor's name. There are three ways to carry it out: in this process
 * (`commandsIn`), over HTTP (`createClient`), and at every origin behind a gateway (`edgeCommands`).
 *
 * A method rejects with a `ClientError` where the HTTP contract answers a problem; in this process, without a server
 * around it, with the error itself.
 */
export interface Commands {
  /** Stops one agent. Again for one that still owes something: tries it again now. */
  kill(agentId: string, body?: KillBody, options?: StopOptions): Promise<Answer<KillReceipt>>;
  /** Stops every active agent, or those selected. */
  killAll(body?: KillAllBody, options?: StopOptions): Promise<Answer<KillAllReceipt>>;
  /** The emergency stop: keeps those that it selects from running until it is reset. */
  readonly latch: {
    status(): Promise<LatchStatus>;
    engage(body?: EngageBody, options?: StopOptions): Promise<LatchStatus>;
    /** Starts nothing. */
    reset(body: ResetBody, options?: StopOptions): Promise<LatchStatus>;
  };
  /** What is known of an accepted stop. */
  operation(operationId: string): Promise<OperationStatus>;
  readonly agents: {
    list(query?: AgentQuery): Promise<AgentRecords>;
  };
}

/** @param actor whose name and rights every command uses */
export type CommandsFor = (actor: Actor) => Commands;
