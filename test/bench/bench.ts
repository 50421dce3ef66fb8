import type { Result } from './result.js';
import type { Watch } from './watch.js';

/** What a measurement is given. */
export interface Bench {
  /** How often each side has its turn; measurements that take long do less by themselves. */
  runs(most: number): number;
  /** Also what takes ten minutes. */
  readonly full: boolean;
  readonly watch: Watch;
  /** Says what goes on. */
  tell(line: string): void;
}

export interface Measurement {
  readonly name: string;
  readonly about: string;
  run(bench: Bench): Promise<readonly Result[]>;
}
