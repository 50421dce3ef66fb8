import type { Probe } from './runtime.js';

/** What was asked of this process while the store could not be told: on this host's disk until it can be. */
export interface Journal extends Probe {
  /** Resolves when the text would survive a power cut. */
  append(id: string, text: string): Promise<void>;
  /** Oldest first. */
  read(): Promise<readonly { readonly id: string; readonly text: string }[]>;
  remove(id: string): Promise<void>;
}
