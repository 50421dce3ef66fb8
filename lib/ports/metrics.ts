import type { AuditEntry } from '../domain/audit-entry.js';

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
