/** The last checkpoint that this host has seen, on its own disk, where writers of the store cannot change it. */
export interface HighWaterMark {
  /** `undefined`: nothing yet. */
  read(): Promise<string | undefined>;
  /** Writes atomically. Resolves once the text is durable. */
  write(text: string): Promise<void>;
}
