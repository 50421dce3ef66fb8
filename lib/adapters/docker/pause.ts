import type { OutcomeName } from '../../domain/outcome.js';
import type { Kernel } from '../../ports/kernel.js';
import type { Target } from '../../ports/sandbox.js';
import type { OwnerCheck } from './check-owner.js';
import type { ContainerId } from './container-id.js';
import type { Engine, Found } from './engine.js';
import type { EnginePath } from './engine-path.js';
import { failureOf } from './errors.js';
import type { ContainerMap } from './map.js';
import { type Seen, seenOf, worstOf } from './seen.js';
import { isDown } from './states.js';

export interface PauserOptions {
  readonly engine: Engine;
  readonly enginePath: EnginePath;
  readonly kernel: Kernel;
  readonly map: ContainerMap;
  /** Whether the map holds all that carries the label. */
  readonly isLive: () => boolean;
  readonly checkOwner: OwnerCheck;
  /** What an earlier process knew is in the map. Does not reject. */
  readonly remembered: Promise<void>;
}

/** Neither method rejects. */
export interface Pauser {
  pause(target: Target, deadline: AbortSignal): Promise<Seen>;
  resume(target: Target, deadline: AbortSignal): Promise<Seen>;
}

type Container = Pick<Found, 'id' | 'state'>;
type Act = (container: Container, deadline: AbortSignal) => Promise<Seen>;

const GONE: Seen = { outcome: 'alreadyGone', detail: 'the container does not run' };
const PAUSED: Seen = { outcome: 'paused' };
const RESUMED: Seen = { outcome: 'resumed' };
const MOVING: Seen = { outcome: 'pending', detail: 'the container was not seen to stand still yet' };
const STANDING: Seen = { outcome: 'pending', detail: 'the container was not seen to run again yet' };
const RESTARTING: Seen = { outcome: 'pending', detail: 'the container is between two starts' };
const UNCHECKED = 'found by its ID alone: the engine does not answer, so that its label could not be checked';
/** Nothing is known of what the agent's containers are. */
const UNANSWERED: ReadonlySet<OutcomeName> = new Set(['blind', 'skipped']);

/**
 * Freezes containers through the kernel where this process may write to their cgroups, which the engine need not be asked
 * for, or else through the engine. What is paused in either way is resumed.
 */
export function createPauser(options: PauserOptions): Pauser {
  const { engine, enginePath, kernel, map, isLive, checkOwner, remembered } = options;

  const isReached = async (id: ContainerId): Promise<boolean> => {
    if (kernel.look(id) === 'unknown') await kernel.find([id]);
    return kernel.reaches(id);
  };

  const pauseOne: Act = async ({ id, state }, deadline) => {
    if (isDown(state)) return GONE;
    if ((await isReached(id)) && kernel.look(id) === 'populated') {
      const [frozen] = await kernel.freeze([id], deadline);
      if (frozen !== undefined) return kernel.look(id) === 'empty' ? GONE : PAUSED;
      if (deadline.aborted) return MOVING;
    }
    const failure = await failureOf(engine.pause(id));
    const found = await engine.find(id);
    if (found === undefined || isDown(found.state)) return GONE;
    if (found.state === 'paused') return PAUSED;
    if (found.state === 'restarting') return RESTARTING;
    return failure ? { outcome: 'failed', detail: 'the engine could not pause the container' } : MOVING;
  };

  const resumeOne: Act = async ({ id, state }, deadline) => {
    if (isDown(state)) return GONE;
    const isByKernel = await isReached(id);
    // First the engine, which refuses to unpause what it finds running.
    const mayBePaused = state === 'paused' || !isByKernel;
    if (mayBePaused) await failureOf(engine.unpause(id));
    if (isByKernel && kernel.look(id) === 'populated') {
      const [thawed] = await kernel.thaw([id], deadline);
      if (thawed === undefined) return STANDING;
      if (!mayBePaused) return RESUMED;
    }
    const found = await engine.find(id);
    if (found === undefined || isDown(found.state)) return GONE;
    return found.state === 'running' ? RESUMED : STANDING;
  };

  const guarded = (act: Act, container: Container, deadline: AbortSignal): Promise<Seen> =>
    act(container, deadline).catch(seenOf);

  /** By what this node and the kernel know. */
  const withoutEngine = async (
    target: Target,
    act: Act,
    deadline: AbortSignal,
    seen: Seen,
  ): Promise<Seen> => {
    await remembered;
    const owner = await checkOwner(target);
    if (owner.kind === 'refused') return { outcome: 'refused', detail: owner.detail };
    const claimed = owner.kind === 'none' ? [] : [owner.id];
    const ids = new Set([...map.of(target.agentId).map(({ id }) => id), ...claimed]);
    if (ids.size === 0) return seen;
    await kernel.find([...ids]);
    if (![...ids].every(id => kernel.reaches(id))) return seen;
    const all = await Promise.all([...ids].map(id => guarded(act, { id, state: 'remembered' }, deadline)));
    const worst = worstOf(all);
    return owner.kind === 'unchecked' && worst.outcome !== 'pending'
      ? { ...worst, detail: UNCHECKED }
      : worst;
  };

  const toAll = async (target: Target, act: Act, deadline: AbortSignal): Promise<Seen> => {
    const { agentId, id: recorded } = target;
    const own = map.of(agentId);
    // At once: the engine may hang.
    const known = Promise.all(own.map(one => guarded(act, one, deadline)));
    const isWhole = own.length > 0 && (recorded === undefined || own.some(({ id }) => id === recorded));
    if (isLive() && isWhole) return worstOf(await known);
    const seen = await enginePath.each(target, container => act(container, deadline));
    return UNANSWERED.has(seen.outcome) ? withoutEngine(target, act, deadline, seen) : seen;
  };

  return {
    pause: (target, deadline) => toAll(target, pauseOne, deadline),
    resume: (target, deadline) => toAll(target, resumeOne, deadline),
  };
}
