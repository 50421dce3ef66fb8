import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../../ports/runtime.js';

/** Finds out whether filesystems answer, each in a child of its own that may hang for ever. */
export interface Probe {
  /** Whether the filesystem at a path answered less than `freshMs` ago, or does so now, in time. */
  ask(point: string, freshMs: number, deadline?: AbortSignal): Promise<boolean>;
  /** Whether it answered less than so many milliseconds ago, and is not overdue now. */
  answered(point: string, withinMs: number): boolean;
  /** Ends the children. */
  close(): void;
}

interface ProbeOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Milliseconds that a filesystem may take to answer. */
  readonly patienceMs?: number;
  /** What is run, with the path as its last argument: it ends when the filesystem has answered. */
  readonly command?: readonly [string, ...string[]];
}

interface Asking {
  readonly child: ChildProcess;
  /** Settles when the child has ended. */
  readonly ended: Promise<boolean>;
  /** It was waited for long enough. */
  isLate: boolean;
}

/** statfs(2) is what no network filesystem answers from a cache. `stat -f` means another thing elsewhere. */
const COMMANDS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  linux: ['stat', '-f', '-c', '%t', '--'],
};

export function openProbe(options: ProbeOptions): Probe {
  const { clock, patienceMs = 1_000, command = COMMANDS[process.platform] ?? ['ls', '-d', '--'] } = options;
  const asking = new Map<string, Asking>();
  const answeredAt = new Map<string, number>();

  function start(point: string): Asking {
    const [program, ...args] = command;
    const child = spawn(program, [...args, point], {
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' },
      stdio: 'ignore',
    });
    child.unref();
    const ended = new Promise<boolean>(resolve => {
      child.once('exit', (_, signal) => resolve(signal === null));
      child.once('error', () => resolve(false));
    }).then(hasAnswered => {
      asking.delete(point);
      if (hasAnswered) answeredAt.set(point, clock.monotonic());
      return hasAnswered;
    });
    const one = { child, ended, isLate: false };
    asking.set(point, one);
    return one;
  }

  function within(one: Asking, deadline: AbortSignal | undefined): Promise<boolean> {
    return new Promise(resolve => {
      const settle = (answer: boolean): void => {
        clearTimeout(timer);
        deadline?.removeEventListener('abort', giveUp);
        resolve(answer);
      };
      // After a busy time the timers come first, and the answers that have been there for long only then.
      const giveUp = (): void => void setImmediate(settle, false);
      const timer = setTimeout(() => {
        one.isLate = true;
        giveUp();
      }, patienceMs);
      deadline?.addEventListener('abort', giveUp, { once: true });
      void one.ended.then(settle);
    });
  }

  const answered = (point: string, withinMs: number): boolean =>
    !asking.get(point)?.isLate &&
    clock.monotonic() - (answeredAt.get(point) ?? Number.NEGATIVE_INFINITY) < withinMs;

  return {
    async ask(point, freshMs, deadline) {
      if (answered(point, freshMs)) return true;
      if (deadline?.aborted) return false;
      const one = asking.get(point) ?? start(point);
      // Those who come later do not wait again for one that hangs.
      return one.isLate ? false : within(one, deadline);
    },
    answered,
    close() {
      for (const { child } of asking.values()) child.kill('SIGKILL');
    },
  };
}
