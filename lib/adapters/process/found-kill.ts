import { setTimeout as delay } from 'node:timers/promises';
import type { Enclosure } from '../../ports/enclosure.js';
import type { ProcessListing } from '../../ports/process-table.js';
import type {
  FoundAgent,
  FoundMember,
  ProcessPin,
  Recognition,
  Recognized,
} from '../../ports/recognition.js';
import type { KillOptions } from '../../ports/sandbox.js';
import type { FoundState } from './found-memory.js';
import { identity } from './table.js';

/** What a kill of a found agent works with. */
export interface FoundParts {
  /** Looks at all processes after the call. */
  readonly list: () => Promise<ProcessListing>;
  readonly recognition: Recognition;
  /** Its own cgroup, where it has one. */
  readonly cage?: Enclosure | undefined;
  /** Signals each that, by a look right before, still is the same process. */
  readonly signal: (
    processes: readonly ProcessPin[],
    signal: NodeJS.Signals,
  ) => Promise<{ readonly sent: number; readonly denied: readonly ProcessPin[] }>;
  /** Whether the agent with this main process is being stopped as well. */
  readonly isBeingStopped: (main: ProcessPin) => boolean;
}

export interface FoundOptions extends KillOptions {
  /** What others need is stopped too. */
  readonly shared?: boolean;
}

/** How the kill of a found agent ended. */
export interface FoundKill {
  readonly listing: ProcessListing;
  readonly recognized: Recognized;
  /** Still alive. */
  readonly left: readonly FoundMember[];
  /** Left alive for those that need them. */
  readonly shared: readonly FoundMember[];
  /** Signals that reached a process. */
  readonly sent: number;
  /** Whether this user may signal none of those that are left. */
  readonly denied: boolean;
}

const FREEZE_ROUNDS = 20;
/** Longest wait for those that need a process to be stopped as well, as a stop of many reaches them one after another. */
const PATIENCE_MS = 300;
const PATIENCE_STEP_MS = 100;
const longer = (ms: number): number => Math.min(Math.max(1, ms * 2), 100);
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal }).catch(() => undefined);

/**
 * Kills all that is recognised as a found agent's, and sees it gone: first its own cgroup at once; then it stops the rest,
 * what may start others again before all, until a look finds nothing new, so that each is looked at once more before it is
 * killed. What turns out not to be the agent's goes on.
 */
export async function killFound(
  { list, recognition, cage, signal, isBeingStopped }: FoundParts,
  agent: Omit<FoundAgent, 'known' | 'session' | 'stoppedSince' | 'cgroup'>,
  state: FoundState,
  { graceMs, deadline, shared: withShared = false }: FoundOptions,
): Promise<FoundKill> {
  const frozen = new Map<string, ProcessPin>();
  const denied = new Set<string>();
  let sent = 0;

  const send = async (processes: readonly ProcessPin[], name: NodeJS.Signals): Promise<void> => {
    const result = await signal(processes, name);
    sent += result.sent;
    for (const process of result.denied) denied.add(identity(process));
  };

  const look = async (): Promise<FoundKill> => {
    const listing = await list();
    const recognized = await recognition.recognize(
      {
        ...agent,
        ...(cage && { cgroup: cage.place }),
        known: state.known.values(),
        ...(state.session !== undefined && { session: state.session }),
        stoppedSince: state.stoppedSince,
      },
      listing,
    );
    if (recognized.session !== undefined) state.session = recognized.session;
    const isSpared = (one: FoundMember): boolean =>
      !withShared && one.sharedWith?.some(peer => !isBeingStopped(peer)) === true;
    const left = recognized.members.filter(one => !isSpared(one));
    const shared = recognized.members.filter(isSpared);
    for (const one of recognized.members) {
      // What a process for all has started may be another's.
      if (!isSpared(one) || one.as !== 'child') state.known.set(identity(one), one);
      state.respawns = Math.max(state.respawns, one.respawns ?? 0);
    }
    const mayNot = left.length > 0 && left.every(one => denied.has(identity(one)));
    const seen = { listing, recognized, left, shared, sent, denied: mayNot };
    await letGo(seen);
    return seen;
  };

  /** What is not to be killed after all is not left standing still. */
  const letGo = async ({ left }: FoundKill): Promise<void> => {
    const doomed = new Set(left.map(identity));
    const held = [...frozen].filter(([key]) => !doomed.has(key));
    for (const [key] of held) frozen.delete(key);
    await signal(
      held.map(([, process]) => process),
      'SIGCONT',
    );
  };

  /** At once and with what is being forked. Not where a process that is not the agent's stands in it. */
  const killCage = ({ listing, left }: FoundKill): void => {
    const doomed = new Set(left.map(({ pid }) => pid));
    const inside = cage?.members() ?? [];
    const isForeign = (pid: number): boolean =>
      !doomed.has(pid) && listing.processes.some(process => process.pid === pid);
    if (inside.length > 0 && left.length > 0 && !inside.some(isForeign) && cage?.kill()) sent += 1;
  };

  const isOver = ({ left, denied: mayNot }: FoundKill): boolean =>
    left.length === 0 || mayNot || deadline.aborted;

  const terminate = async (first: FoundKill): Promise<FoundKill> => {
    const end = performance.now() + graceMs;
    const asked = new Set<string>();
    let seen = first;
    for (let wait = 10; !isOver(seen) && performance.now() < end; wait = longer(wait)) {
      const unasked = seen.left.filter(one => !asked.has(identity(one)));
      for (const one of unasked) asked.add(identity(one));
      await send(unasked, 'SIGTERM');
      await pause(Math.min(wait, Math.max(0, end - performance.now())), deadline);
      seen = await look();
    }
    return seen;
  };

  /** One that was asked to stand still may finish a fork that it had begun: hence one more look after the last is found. */
  const freeze = async (first: FoundKill): Promise<FoundKill> => {
    let seen = first;
    for (let round = 0; round < FREEZE_ROUNDS && !isOver(seen); round += 1) {
      const loose = seen.left.filter(one => !frozen.has(identity(one)) && !denied.has(identity(one)));
      if (loose.length === 0) break;
      await send(loose, 'SIGSTOP');
      for (const one of loose) frozen.set(identity(one), one);
      seen = await look();
    }
    return seen;
  };

  let seen = await look();
  let patience = PATIENCE_MS;
  if (graceMs > 0) seen = await terminate(seen);
  for (let wait = 1; ; wait = longer(wait)) {
    while (isShared(seen) && patience > 0 && !deadline.aborted) {
      patience -= PATIENCE_STEP_MS;
      await pause(PATIENCE_STEP_MS, deadline);
      seen = await look();
    }
    if (isOver(seen)) return { ...seen, sent };
    killCage(seen);
    seen = await freeze(seen);
    await send(seen.left, 'SIGKILL');
    for (const one of seen.left) frozen.delete(identity(one));
    await pause(wait, deadline);
    seen = await look();
  }
}

/** Whether nothing is left but what others need. */
const isShared = ({ left, shared }: FoundKill): boolean => left.length === 0 && shared.length > 0;
