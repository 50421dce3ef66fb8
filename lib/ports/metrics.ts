import type { AuditEntry } from '../domain/audit-entry.js';

/** The state of one receiver. Counters are of this process. */
export interface NotifierStatus {
  readonly name: string;
  readonly delivered: number;
  /** Failed attempts. */
  readonly failed: number;
  /** Dead letters: messages that it refuses at present while it accepts others. */
  readonly aside: number;
  /** Age of the oldest event not delivered yet. */
  readonly lagSeconds: number;
}

/** The gauges at the time of a scrape. An absent member could not be read. */
export interface Gauges {
  /** Agents for which this host has a debt in the store. */
  readonly pendingAgents?: number;
  readonly latchEngaged?: boolean;
  /** What ended agents left on this host, by the latest look. */
  readonly orphans?: { readonly processes: number; readonly memoryBytes: number };
  readonly notifiers: readonly NotifierStatus[];
}

/** Counts in memory. Counting is synchronous and never throws. */
export interface Metrics {
  /** @param name of the function, where there is one for the path */
  answered(name: string | undefined, status: number): void;
  unauthenticated(): void;
  /** Counts audit entries that this process wrote. */
  written(entries: readonly AuditEntry[]): void;
  /** In the text format of Prometheus. */
  render(standing: Gauges): Promise<{ readonly type: string; readonly text: string }>;
}
