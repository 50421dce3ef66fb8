import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Transition } from '../../../lib/domain/agent.js';

/** The exit code, or the signal that ended it. */
export type Exit = readonly [code: number | null, signal: NodeJS.Signals | null];

/** A process, and its end from the moment in which it was started: that may come before anyone waits for it. */
export interface Spawned {
  readonly child: ChildProcess;
  /** Rejects if it could not be started. */
  readonly exit: Promise<Exit>;
}

export function follow(child: ChildProcess): Spawned {
  const exit = once(child, 'exit') as unknown as Promise<Exit>;
  exit.catch(() => undefined);
  return { child, exit };
}

/** A command that was started as an agent. */
export interface Started extends Spawned {
  /** For the record, where it is not in there already. */
  readonly change?: Transition;
  /** What is weaker than it should be, as the end of a sentence about the agent. */
  readonly weakness?: string;
  /** What it started and left running, as PIDs; `undefined` where that cannot be seen. */
  readonly left: () => readonly number[];
  /** Kills it and all that it left, as far as this process can without the rest of killswitch. */
  readonly kill: () => void;
  /** To be called when it has ended. Whether it has: one can be left running in a container. */
  readonly ended?: () => Promise<boolean>;
  /** Removes what was made for it and is empty now. */
  readonly close: () => Promise<void>;
}
