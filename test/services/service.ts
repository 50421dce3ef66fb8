/** A service that a run uses: started by it, or named by the environment. */
export interface Service {
  readonly url: string;
  /** Null when it is not ours. */
  readonly pid: number | null;
  stop(): Promise<void>;
}
