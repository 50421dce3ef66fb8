/** A container that runs here. Its texts are untrusted. */
export interface ContainerInfo {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly image: string;
  readonly command: string;
  /** Epoch milliseconds. */
  readonly startedAt?: number;
}

/** Lists the containers of an engine, of whatever label. */
export interface Containers {
  /** All that run or are paused. @throws Error when the engine does not answer */
  running(): Promise<readonly ContainerInfo[]>;
}
