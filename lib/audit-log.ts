import type { AuditEntry } from './audit.js';

export interface AuditQuery {
  /** ISO 8601. */
  readonly since?: string;
  readonly agentId?: string;
  readonly operationId?: string;
  readonly limit?: number;
}

/** What stands at one place of the audit. */
export interface AuditPlace {
  /** Means something to its store alone. */
  readonly position: string;
  /** Absent where what stands there cannot be read. */
  readonly entry?: AuditEntry;
  /** All that stands there, byte for byte, framed by its store: what is unreadable, and what queries go by, too. */
  readonly bytes: Uint8Array;
}

export interface AuditLog {
  append(entries: readonly AuditEntry[]): Promise<void>;
  /** Oldest first. What cannot be read is left out. */
  query(query: AuditQuery): AsyncIterable<AuditEntry>;
  /**
   * What was committed after a position (`''`: from the beginning on), in the order of the commits, whatever the
   * clocks said; with `upTo` no more than what stands up to that position, itself included. Nothing ever comes in
   * before a position that was given, so a reader that goes on from the last one misses nothing. Empty: there is no
   * more yet.
   */
  after(position: string, limit: number, upTo?: string): Promise<readonly AuditPlace[]>;
  /** The position of what was committed last; `''` while there is nothing. */
  last(): Promise<string>;
}
