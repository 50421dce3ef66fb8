/** What this host has seen of the audit's checkpoints, on its own disk: out of reach of who writes the store. */
export interface HighWaterMark {
  /** `undefined`: nothing yet. */
  read(): Promise<string | undefined>;
  /** Resolves when the text would survive a power cut; it stands there wholly or not at all. */
  write(text: string): Promise<void>;
}
