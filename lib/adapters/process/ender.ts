import { setTimeout as delay } from 'node:timers/promises';
import type { EndedProcess, Ender, EndOutcome } from '../../ports/ender.js';
import type { ProcessPin } from '../../ports/recognition.js';
import { readText } from './files.js';
import { createPortable } from './portable.js';
import { signalEach } from './signal.js';
import { parseStat } from './stat.js';

export interface EnderOptions {
  readonly procRoot?: string;
  readonly platform?: NodeJS.Platform;
}

/** Milliseconds between two looks: of /proc it costs next to nothing, and `ps` is a process. */
const WAIT = { proc: 5, ps: 200 };

/** Ends processes by their PIDs, each looked at right before. */
export function createEnder({ procRoot = '/proc', platform = process.platform }: EnderOptions = {}): Ender {
  const isLinux = platform === 'linux';
  /** Which of them are still there, as who they were. */
  const living = isLinux ? livingInProc(procRoot) : livingByPs;

  return {
    async end(pins, deadline) {
      const here = await living(pins);
      const { denied } = signalEach(
        pins.filter(pin => here.has(pin)),
        'SIGKILL',
        pin => !isLinux || isThere(procRoot, pin),
      );
      const refused = new Set(denied);
      let left = new Set([...here].filter(pin => !refused.has(pin)));
      while (left.size > 0 && !deadline.aborted) {
        await delay(isLinux ? WAIT.proc : WAIT.ps);
        left = await living([...left]);
      }
      const outcomeOf = (pin: ProcessPin): EndOutcome => {
        if (!here.has(pin)) return 'gone';
        if (refused.has(pin)) return 'refused';
        return left.has(pin) ? 'alive' : 'dead';
      };
      return pins.map<EndedProcess>(pin => ({
        pid: pin.pid,
        startTime: pin.startTime,
        outcome: outcomeOf(pin),
      }));
    },
  };
}

const livingInProc =
  (procRoot: string) =>
  async (pins: readonly ProcessPin[]): Promise<Set<ProcessPin>> =>
    new Set(pins.filter(pin => isThere(procRoot, pin)));

function isThere(procRoot: string, { pid, startTime }: ProcessPin): boolean {
  const stat = parseStat(readText(`${procRoot}/${pid}/stat`) ?? '');
  return stat?.startTime === startTime && stat.state !== 'dead';
}

async function livingByPs(pins: readonly ProcessPin[]): Promise<Set<ProcessPin>> {
  const table = await createPortable({ variable: '' }).snapshot('all');
  return new Set(
    pins.filter(pin => {
      const seen = table.get(pin.pid);
      return seen?.startTime === pin.startTime && seen.state !== 'dead';
    }),
  );
}
