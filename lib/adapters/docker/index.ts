import type { LayerOutcome } from '../../outcome.js';
import type { Health, KillOptions, Log, Sandbox, Target } from '../../ports.js';
import { type ConnectionOptions, prepareConnection } from './connection.js';
import { type Found, openEngine } from './engine.js';
import { EngineError } from './errors.js';
import { openListing } from './listing.js';
import { openModem } from './modem.js';
import { lookAtRecorded, type Recorded } from './recorded.js';
import { openRemover } from './removal.js';
import { type Seen, seenOf, worstOf } from './seen.js';
import { stopContainer } from './stop.js';

export interface DockerOptions extends ConnectionOptions {
  /** Key of the container label that has to equal the agent's ID. */
  readonly label?: string;
  /** `false` also allows a recorded container that has no such label; never one that has another agent's. */
  readonly requireLabel?: boolean;
  /** Milliseconds that a call of the engine may take, kills and removals aside. */
  readonly callDeadlineMs?: number;
  /** The engine answers a kill when the container is dead: with many at a time that takes seconds. */
  readonly killDeadlineMs?: number;
  readonly removalDeadlineMs?: number;
  /** How many containers may be under removal at a time. Killing has no limit. */
  readonly removalConcurrency?: number;
  readonly log: Log;
}

export interface DockerSandbox extends Sandbox {
  /** Breaks off the calls that are under way. */
  close(): Promise<void>;
}

/**
 * Agents in containers, stopped through the engine's API. Throws at once if the address or the certificates cannot
 * be read; it does not need the engine to be there.
 */
export function openDocker(options: DockerOptions): DockerSandbox {
  const { label = 'killswitch.agent-id', requireLabel = true, log } = options;
  const { callDeadlineMs = 1500, killDeadlineMs = 10_000 } = options;
  const { removalDeadlineMs = 30_000, removalConcurrency = 4 } = options;
  const modem = openModem(prepareConnection(options));
  const engine = openEngine(modem, callDeadlineMs);
  const list = openListing(engine, label);
  const remove = openRemover(engine, { concurrency: removalConcurrency, withinMs: removalDeadlineMs });

  /** What went wrong, as an outcome. Nothing is thrown past here: an agent's failure stops no other's kill. */
  const toSeen = (target: Target, error: unknown): Seen => {
    log.warn({ agentId: target.agentId, err: error }, 'a call of the engine failed');
    return seenOf(error);
  };

  const isListed = ({ containerId }: Target, own: readonly Found[]): boolean =>
    own.some(({ id }) => id === containerId);

  /** Does `work` to each container of the agent, the recorded one included if it turns out to be its own. */
  const toEach = async (target: Target, work: (container: Found) => Promise<Seen>): Promise<Seen> => {
    const guarded = (container: Found): Promise<Seen> =>
      work(container).catch((error: unknown) => toSeen(target, error));
    const own = await list(target.agentId);
    // Side by side: an answer that hangs must not keep back what is known already.
    const listed = Promise.all(own.map(guarded));
    const recorded = isListed(target, own)
      ? { outcome: 'alreadyGone' as const }
      : await lookAtRecorded(engine, { label, requireLabel }, target).then(
          found => ofRecorded(found, guarded),
          (error: unknown) => toSeen(target, error),
        );
    return worstOf([...(await listed), recorded]);
  };

  const ofRecorded = async (found: Recorded, work: (container: Found) => Promise<Seen>): Promise<Seen> => {
    switch (found.kind) {
      case 'own':
        return work(found.container);
      case 'gone':
        return { outcome: 'alreadyGone' };
      case 'refused':
        return { outcome: 'refused', detail: found.detail };
    }
  };

  const kill = async (target: Target, graceMs: number): Promise<Seen> => {
    let stopped = 0;
    try {
      const seen = await toEach(target, container => {
        stopped += 1;
        return stopContainer(engine, container, { graceMs, killMs: killDeadlineMs });
      });
      if (seen.outcome !== 'refused' || stopped === 0) return seen;
      // Nobody asks for the removal of what was refused, and a restart policy would bring the rest back.
      const left = await toEach(target, ({ id }) => remove(id));
      if (left.outcome !== 'refused') return left;
      return { ...left, detail: `${left.detail}; the containers that do carry its label were removed` };
    } catch (error) {
      const isUnreachable = error instanceof EngineError && error.reason === 'unreachable';
      if (isUnreachable && target.containerId === undefined) {
        return { outcome: 'skipped', detail: 'no container recorded and no engine reachable' };
      }
      return toSeen(target, error);
    }
  };

  return {
    layer: 'container',

    kill: (target, { graceMs, deadline }: KillOptions) =>
      untilDeadline(kill(target, graceMs), deadline, 'the container was not seen to stop yet'),

    remove: (target, deadline) => {
      const removed = toEach(target, ({ id }) => remove(id)).catch((error: unknown) => toSeen(target, error));
      return untilDeadline(removed, deadline, 'the container was not seen to be removed yet');
    },

    probe: async (): Promise<Health> => {
      const name = 'docker';
      try {
        await engine.list(label, 1);
        return { name, ok: true };
      } catch (error) {
        return { name, ok: false, detail: seenOf(error).detail };
      }
    },

    close: async () => modem.close(),
  };
}

/** The deadline ends the waiting and never the work. */
function untilDeadline(work: Promise<Seen>, deadline: AbortSignal, detail: string): Promise<LayerOutcome> {
  return new Promise(resolve => {
    const answer = (seen: Seen): void => {
      deadline.removeEventListener('abort', giveUp);
      resolve({ layer: 'container', ...seen });
    };
    const giveUp = (): void => answer({ outcome: 'pending', detail });
    if (deadline.aborted) giveUp();
    else deadline.addEventListener('abort', giveUp, { once: true });
    void work.then(answer);
  });
}
