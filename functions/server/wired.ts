import type { AuditEntry } from '../../lib/domain/audit-entry.js';
import type { Core } from '../../lib/ports/core.js';
import type { Probe } from '../../lib/ports/runtime.js';
import type { InFlight } from '../../lib/stop/in-flight.js';
import type { Stop } from '../../lib/stop/stop.js';
import type { Hosts } from '../../lib/store/hosts.js';
import type { Left, Teardown } from './teardown.js';

/** All of one process that stops agents, wired. */
export interface Node {
  readonly core: Core;
  readonly inFlight: InFlight;
  readonly stop: Stop;
  readonly hosts: Hosts;
  readonly probes: readonly Probe[];
  /** Deletes what was kept long enough, or is too much. To be called now and then. */
  readonly expire: () => Promise<number>;
  /** Registers how something that is built upon it ends: before it, the last one first. */
  readonly defer: Teardown['add'];
  /**
   * Ends it in order: first the work in flight, then the connections.
   * @returns what could not be ended, or not within so many milliseconds; it is logged, and keeps nothing else from
   *   being ended
   */
  close(withinMs?: number): Promise<readonly Left[]>;
}

export interface NodeOptions {
  /** Makes the secret that signs, where none is set and none was made before. */
  readonly createKeys?: boolean;
  /** Goes on without a store that cannot be opened, as without one that does not answer. */
  readonly storeless?: boolean;
  /** Told of what this process has written into the audit; may not throw. */
  readonly onWritten?: (entries: readonly AuditEntry[]) => void;
}
