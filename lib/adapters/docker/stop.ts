import type { ContainerId } from './container-id.js';
import type { Engine, Found } from './engine.js';
import { type EngineError, failureOf } from './errors.js';
import { type Seen, seenOf } from './seen.js';
import { isDown } from './states.js';

export interface StopOptions {
  readonly graceMs: number;
  /** Milliseconds for the call with SIGKILL, and as many again for seeing the container down. */
  readonly killMs: number;
  /** Called right before SIGKILL. Does not reject. */
  readonly beforeKill: (container: Found) => Promise<void>;
}

/** Kills one container and sees it dead. Rejects with an {@link EngineError} alone. */
export async function stopContainer(engine: Engine, container: Found, options: StopOptions): Promise<Seen> {
  const { id, state } = container;
  const { graceMs, killMs, beforeKill } = options;
  if (isDown(state)) return { outcome: 'dead' };
  // A paused container gets no grace: it would have to run again to receive SIGTERM.
  const isPaused = state === 'paused';
  if (graceMs > 0 && !isPaused) await giveGrace(engine, id, graceMs);
  await beforeKill(container);
  // Also if it left by itself: only SIGKILL makes the engine forget a restart policy, whatever the stop signal is.
  const failure = await failureOf(engine.kill(id, 'SIGKILL', killMs));
  // Podman, unlike Docker, leaves it frozen, and under cgroup v1 SIGKILL waits for the thaw.
  if (isPaused) await failureOf(engine.unpause(id));
  if (failure !== undefined && !isGone(failure)) return lookAgain(engine, id, failure, killMs);
  return (await engine.wait(id, 'not-running', killMs))
    ? { outcome: 'dead' }
    : { outcome: 'pending', detail: 'the container was not seen to stop yet' };
}

async function giveGrace(engine: Engine, id: ContainerId, graceMs: number): Promise<void> {
  const failure = await failureOf(engine.kill(id, 'SIGTERM'));
  if (failure === undefined) await failureOf(engine.wait(id, 'not-running', graceMs));
}

/** The container is not there, or does not run. */
const isGone = ({ statusCode }: EngineError): boolean => statusCode === 404 || statusCode === 409;

/** Looks at the state after a failed kill: an engine that is busy or unwell may have killed it all the same. */
async function lookAgain(
  engine: Engine,
  id: ContainerId,
  failure: EngineError,
  killMs: number,
): Promise<Seen> {
  if (failure.reason === 'status') await engine.wait(id, 'not-running', killMs);
  const left = await engine.find(id);
  if (left === undefined || isDown(left.state)) return { outcome: 'dead' };
  return failure.reason === 'status'
    ? { outcome: 'failed', detail: 'the engine could not kill the container' }
    : seenOf(failure);
}
