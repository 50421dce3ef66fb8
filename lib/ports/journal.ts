import type { Probe } from './runtime.js';

/** Commands accepted while the store does not answer, on this host's disk until they can be stored. */
export interface Journal extends Probe {
  /** Resolves once the text is durable. */
  append(id: string, text: string): Promise<void>;
  /** Oldest first. */
  read(): Promise<readonly { readonly id: string; readonly text: string }[]>;
  remove(id: string): Promise<void>;
}
