import type { Started } from './agent.js';
import { after } from './max-age.js';
import type { RunOptions } from './plan.js';
import { KILLED, recordEnd } from './record-end.js';
import { codeOf, refusalOf, sentenceOf } from './refusal.js';
import type { Registry } from './registry.js';
import { resetScreen } from './screen.js';
import type { Ending, Signals } from './signals.js';

/** Prints a line on standard error. */
export type Say = (line: string) => void;

export interface Supervising {
  readonly agentId: string;
  readonly words: readonly string[];
  readonly options: RunOptions;
  readonly registry: Registry;
  readonly signals: Signals;
  readonly say: Say;
}

/** It was killed, or the emergency stop engaged, while it was being started. */
const REFUSED: ReadonlySet<unknown> = new Set(['latched', 'tombstoned']);
/** PIDs in one line. */
const MOST = 10;

/** Stays with a command that was started until it has ended, and records that. @returns the exit code */
export async function supervise(started: Started, supervising: Supervising): Promise<number> {
  const { agentId, words, options, registry, signals, say } = supervising;
  const following = signals.follow(started);
  const aging = killAtAge(started, supervising);
  let refused: Error | undefined;
  const becomesRunning = record(started).catch(async (error: unknown) => {
    if (!REFUSED.has(codeOf(error)))
      return say(`That ${agentId} runs could not be recorded: ${sentenceOf(error)}.`);
    started.kill();
    refused = codeOf(error) === 'latched' ? await refusalOf(error, agentId, registry) : undefined;
  });
  const ending = await following.catch((error: unknown) => notStarted(error, words));
  const { code, signal, failure }: Ending & { failure?: string } = ending;
  aging.end();
  await becomesRunning;
  if (failure !== undefined) say(failure);
  if (started.ended && !(await started.ended())) {
    say(`${agentId} goes on in its container. To stop it: killswitch kill ${agentId}`);
    return code;
  }
  const recorded = await recordEnd(registry, agentId, code === 0 ? 'completed' : 'failed');
  const exitCode = recorded.code ?? (aging.isKilledHere() ? KILLED : code);
  if (signal !== undefined || exitCode === KILLED) resetScreen();
  for (const line of [...(refused ? [refused.message] : []), ...recorded.lines]) say(line);
  if (exitCode !== KILLED) leaveBehind(started, supervising);
  await started.close();
  return refused ? 1 : exitCode;

  /** A container is in its record before it is started. */
  async function record({ change }: Started): Promise<void> {
    if (options.container === undefined) await registry.change({ status: 'running', ...change });
  }
}

interface Aging {
  /** Whether this process killed it without the rest of killswitch. */
  isKilledHere(): boolean;
  end(): void;
}

function killAtAge(started: Started, { agentId, options, registry, say }: Supervising): Aging {
  const { maxAge } = options;
  let isKilledHere = false;
  const end = maxAge && after(maxAge.ms, () => void kill(`older than ${maxAge.text}`));
  return { isKilledHere: () => isKilledHere, end: () => end?.() };

  async function kill(reason: string): Promise<void> {
    try {
      await registry.kill(reason);
    } catch (error) {
      isKilledHere = true;
      say(`${agentId} is ${reason} and is killed from here: ${sentenceOf(error)}.`);
      started.kill();
    }
  }
}

/** Whether a daemon of its own is wanted is not known here, so it lives unless the person said otherwise. */
function leaveBehind(started: Started, { agentId, options, say }: Supervising): void {
  const left = started.left();
  if (left.length === 0) return;
  if (options.reap) started.kill();
  const what = left.length === 1 ? 'a process' : `${left.length} processes`;
  const pids = left.slice(0, MOST).join(', ');
  if (!options.reap) say(`${agentId} left ${what} running (${pids}); with --reap they are killed.`);
  else if (options.verbose) say(`${agentId} left ${what} running (${pids}): killed.`);
}

/** As shells do (POSIX, Shell Command Language, 2.8.2). */
function notStarted(
  error: unknown,
  [command = '']: readonly string[],
): Ending & { readonly failure: string } {
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return { code: 127, failure: `${command} was not found.` };
  return { code: 126, failure: `${command} cannot be run (${code}).` };
}
