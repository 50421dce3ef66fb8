export interface Log {
  warn(entry: object, message: string): void;
  error(entry: object, message: string): void;
  info(entry: object, message: string): void;
}

export interface Clock {
  /** Wall clock, epoch milliseconds: for timestamps. */
  now(): number;
  /** Monotonic, milliseconds: for durations and deadlines. */
  monotonic(): number;
}

/** Whether a port works, by its own probe; `detail` may be shown. */
export interface Health {
  readonly name: string;
  readonly ok: boolean;
  readonly detail?: string;
  /** Not needed for stopping: when it fails, `/readyz` says `degraded` and this process stays in service. */
  readonly aside?: true;
}

export interface Probe {
  probe(): Promise<Health>;
}
