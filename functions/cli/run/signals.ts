import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Look } from '../../server/run-host.js';
import type { Spawned } from './agent.js';

/** How the command ended, as a shell counts it: its exit code, or 128 and the number of the signal. */
export interface Ending {
  readonly code: number;
  readonly signal?: NodeJS.Signals;
}

export interface Signals {
  /** The first signal that came before there was a command to pass it on to. */
  readonly early: NodeJS.Signals | undefined;
  /** Passes signals on to this process until it has ended. Rejects if it could not be started. */
  follow(spawned: Spawned): Promise<Ending>;
  close(): void;
}

export interface SignalsOptions {
  /** Whether there is a terminal that signals the command by itself. */
  readonly hasTerminal: boolean;
  readonly lookAt: (pid: number) => Promise<Look | undefined>;
  /** Whether killswitch has stopped the command, as it does to kill it or to pause it. */
  readonly isHeld: () => Promise<boolean>;
}

const PASSED_ON = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
/** A terminal sends these to the whole foreground group, and so to the command as well. */
const FROM_TERMINAL = ['SIGINT', 'SIGQUIT'] as const;

/** Milliseconds. The terminal continues the members of a group one after another: what is seen once may be over. */
const SETTLE = 20;
/** More than this for {@link SETTLE}: this process was stopped itself in between, and what it saw before is old. */
const LATE = 500;

export const exitCodeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

/** Stands between a shell and a command so that neither notices: signals and job control (signal(7), tcsetpgrp(3)). */
export function openSignals({ hasTerminal, lookAt, isHeld }: SignalsOptions): Signals {
  let child: ChildProcess | undefined;
  let early: NodeJS.Signals | undefined;
  const passOn = (signal: NodeJS.Signals): void => {
    if (child) child.kill(signal);
    else early ??= signal;
  };
  const leaveToTerminal = (signal: NodeJS.Signals): void => {
    if (!child) early ??= signal;
  };
  const handlers: [NodeJS.Signals, (signal: NodeJS.Signals) => void][] = [
    ...PASSED_ON.map(name => [name, passOn] as [NodeJS.Signals, typeof passOn]),
    ...FROM_TERMINAL.map(
      name => [name, hasTerminal ? leaveToTerminal : passOn] as [NodeJS.Signals, typeof passOn],
    ),
  ];

  const isStopped = async (pid: number): Promise<boolean> => (await lookAt(pid))?.isStopped === true;

  /** Whether it is stopped, and was for a moment in which this process ran. */
  async function isStoppedForLong(pid: number): Promise<boolean> {
    for (;;) {
      if (!(await isStopped(pid))) return false;
      const before = performance.now();
      await delay(SETTLE);
      if (performance.now() - before < LATE) return isStopped(pid);
    }
  }

  let looking: Promise<unknown> = Promise.resolve();
  const oneAfterAnother = (work: (pid: number) => Promise<void>) => (): void => {
    const pid = child?.pid;
    if (pid !== undefined) looking = looking.then(() => work(pid)).catch(() => undefined);
  };
  /** A command that stopped itself alone: only if this process stops too does the shell show its prompt. */
  const stopAlong = oneAfterAnother(async pid => {
    if (!(await isStoppedForLong(pid))) return;
    const by = (await lookAt(pid))?.stoppedBy ?? constants.signals.SIGSTOP;
    // Only the terminal and programs themselves send the others.
    if (by === constants.signals.SIGSTOP && (await isHeld())) return;
    if (await isStopped(pid)) process.kill(process.pid, 'SIGSTOP');
  });
  /** Continued alone, as by `kill -CONT` with the one PID that the shell knows. */
  const continueAlong = oneAfterAnother(async pid => {
    if (await isStoppedForLong(pid)) child?.kill('SIGCONT');
  });
  if (hasTerminal) handlers.push(['SIGCHLD', stopAlong], ['SIGCONT', continueAlong]);

  for (const [name, handler] of handlers) process.on(name, handler);
  return {
    get early() {
      return early;
    },
    async follow(spawned) {
      child = spawned.child;
      const [code, signal] = await spawned.exit;
      child = undefined;
      return signal === null ? { code: code ?? 1 } : { code: exitCodeOf(signal), signal };
    },
    close() {
      for (const [name, handler] of handlers) process.off(name, handler);
    },
  };
}
