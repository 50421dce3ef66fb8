import type { AuditEntry } from '../../lib/domain/audit-entry.js';
import type { Core } from '../../lib/ports/core.js';
import type { HighWaterMark } from '../../lib/ports/high-water-mark.js';
import type { AuditKeys, KeyRing } from '../../lib/ports/keys.js';
import type { Probe } from '../../lib/ports/runtime.js';
import type { InFlight } from '../../lib/stop/in-flight.js';
import type { Stop } from '../../lib/stop/stop.js';
import type { Hosts } from '../../lib/store/hosts.js';
import type { Left, Teardown } from './teardown.js';

/** Everything in one process that stops agents, wired together. */
export interface Node {
  readonly core: Core;
  readonly inFlight: InFlight;
  readonly stop: Stop;
  readonly hosts: Hosts;
  readonly probes: readonly Probe[];
  /** Deletes expired or excess entries of the quarantine. To be called regularly. */
  readonly expire: () => Promise<number>;
  /** Registers how something that uses this node ends. The last one registered ends first, all before the node. */
  readonly defer: Teardown['add'];
  /**
   * Shuts down in order: first the work in flight, then the connections.
   * @returns what could not be ended within `withinMs`; each is logged, and does not prevent the others from ending
   */
  close(withinMs?: number): Promise<readonly Left[]>;
}

export interface NodeOptions {
  /** Creates the signing secret if none is set and none exists. */
  readonly createKeys?: boolean;
  /** Continues if the store cannot be opened, as if it did not answer. */
  readonly storeless?: boolean;
  /** Called with the audit entries that this process has committed; must not throw. */
  readonly onWritten?: (entries: readonly AuditEntry[]) => void;
}

/** What the audit is sealed, and orders are signed, with. */
export interface Seals {
  readonly highWaterMark: HighWaterMark;
  /** For the emergency stop. */
  readonly latchHighWaterMark: HighWaterMark;
  /** @throws Error in one clear sentence if there is no key; Error of node:fs */
  openKeys(): Promise<AuditKeys>;
  /** The keys that sign orders, from the same secrets. Rejects as `openKeys` does. */
  openOrderKeys(): Promise<KeyRing>;
}
