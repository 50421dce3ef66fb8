import { engageLatch } from '../../lib/agents/engage-latch.js';
import { findLatch } from '../../lib/agents/latch.js';
import { register } from '../../lib/agents/register.js';
import { resetLatch } from '../../lib/agents/reset-latch.js';
import { transition } from '../../lib/agents/transition.js';
import type { Status } from '../../lib/domain/agent.js';
import type { Command } from '../../lib/domain/command.js';
import { readRecord } from '../../lib/domain/record.js';
import type { Core } from '../../lib/ports/core.js';
import type { Sandbox } from '../../lib/ports/sandbox.js';
import { createReconcile } from '../../lib/reconcile/reconcile.js';
import { createInFlight } from '../../lib/stop/in-flight.js';
import { createStop } from '../../lib/stop/stop.js';
import { actorWith } from '../fakes/authenticator.js';
import { fakeCore } from '../fakes/core.js';
import { mortal } from '../fakes/mortal.js';

/** What may happen to a host, in any order. */
export type Happening =
  | { readonly kind: 'register'; readonly agentId: string; readonly status: 'spawning' | 'running' }
  | { readonly kind: 'transition'; readonly agentId: string; readonly status: 'running' | 'completed' }
  | { readonly kind: 'kill'; readonly agentId: string; readonly dies: Death | undefined }
  | { readonly kind: 'kill-all'; readonly latch: boolean; readonly dies: Death | undefined }
  | { readonly kind: 'race'; readonly agentId: string }
  | { readonly kind: 'engage' | 'reset' | 'crash' | 'look' | 'store down' | 'store up' }
  | { readonly kind: 'foreign'; readonly agentId: string; readonly bytes: string | Uint8Array }
  | { readonly kind: 'start'; readonly agentId: string }
  | { readonly kind: 'break' | 'mend'; readonly agentId: string };

/** The process dies at this commit of the command. */
interface Death {
  readonly commit: number;
  readonly when: 'before' | 'after';
}

const alice = actorWith();
const METHODS = ['read', 'agents', 'scan', 'commit', 'tombstoned', 'debts', 'append', 'query'] as const;

function breakable(sandbox: Sandbox, broken: ReadonlySet<string>): Sandbox {
  return {
    kind: sandbox.kind,
    probe: () => sandbox.probe(),
    pause: (target, deadline) => sandbox.pause(target, deadline),
    resume: (target, deadline) => sandbox.resume(target, deadline),
    remove: (target, deadline) => sandbox.remove(target, deadline),
    kill: (target, options) =>
      broken.has(target.agentId) ? Promise.reject(new Error('broken')) : sandbox.kill(target, options),
  };
}

/** A host with what happens to it, and what of that a model has to know. */
export function openWorld() {
  const bed = fakeCore();
  const { memory } = bed.store;
  const broken = new Set<string>();
  /** Written by somebody else since the last kill, so that its debt may be forgotten. */
  const overwritten = new Set<string>();
  let isDown = false;
  let operations = 0;

  const base: Core = { ...bed.core, sandboxes: bed.core.sandboxes.map(one => breakable(one, broken)) };
  const boot = () => {
    const process = mortal(base);
    const inFlight = createInFlight(process.core);
    return { process, inFlight, stop: createStop(process.core, inFlight) };
  };
  let running = boot();

  const command = (what: Extract<Happening, { kind: 'kill' | 'kill-all' }>): Command => {
    const common = { operationId: `op-${++operations}`, actor: alice };
    return what.kind === 'kill'
      ? { ...common, type: 'kill', agentId: what.agentId }
      : { ...common, type: 'kill-all', selector: {}, latch: what.latch };
  };
  const give = (order: Command) => running.stop.stop(order);
  const admitted: { agentId: string; latched: boolean; killed: boolean }[] = [];
  /** Notes who was let in, with what stood against it when it was. */
  const admit = async (agentId: string, act: () => Promise<unknown>): Promise<void> => {
    await act();
    admitted.push({
      agentId,
      latched: memory.documents.has('latch:'),
      killed: memory.tombstones.has(agentId),
    });
  };
  const enter = (agentId: string, status: 'spawning' | 'running') =>
    admit(agentId, async () => {
      const { created } = await register(running.process.core, alice, agentId, { status });
      if (!created) throw new Error('it was registered already');
      bed.containers.spawn(agentId, { startedAt: bed.clock.now() });
    });

  async function carryOut(what: Happening): Promise<void> {
    const { core } = running.process;
    switch (what.kind) {
      case 'register':
        return enter(what.agentId, what.status);
      case 'transition': {
        const change = () => transition(core, alice, what.agentId, { status: what.status });
        const { status } = JSON.parse((await bed.stored(what.agentId))?.raw ?? '{}') as { status?: string };
        // One that runs already is not let in again.
        const enters = what.status === 'running' && status === 'spawning';
        return enters ? admit(what.agentId, change) : void (await change());
      }
      case 'kill':
      case 'kill-all': {
        if (!what.dies) return void (await give(command(what)));
        running.process.dieAtCommit(running.process.commits() + what.dies.commit, what.dies.when);
        await Promise.race([give(command(what)).catch(() => undefined), running.process.died]);
        return carryOut({ kind: 'crash' });
      }
      case 'race': {
        const racing = [
          give(command({ kind: 'kill-all', latch: true, dies: undefined })),
          register(core, alice, what.agentId, { status: 'running' }),
          transition(core, alice, 'a0', { status: 'running' }),
        ];
        await Promise.allSettled(racing);
        return undefined;
      }
      case 'engage':
        return void (await engageLatch(core, { operationId: `op-${++operations}`, actor: alice }));
      case 'reset':
        return void (await resetLatch(core, { operationId: 'op', actor: alice, reason: 'all clear' }));
      case 'crash':
        running.process.die();
        running = boot();
        return undefined;
      case 'look': {
        const reconcile = createReconcile(core, running.inFlight, running.stop);
        await reconcile.start();
        return reconcile.close();
      }
      case 'store down':
        isDown = true;
        for (const method of METHODS) bed.store.faults.fail(method);
        return undefined;
      case 'store up':
        isDown = false;
        return bed.store.faults.heal();
      case 'foreign':
        overwritten.add(what.agentId);
        return bed.store.seedForeign(what.agentId, what.bytes);
      case 'start':
        bed.containers.spawn(what.agentId, { startedAt: bed.clock.now() });
        return undefined;
      case 'break':
        return void broken.add(what.agentId);
      case 'mend':
        return void broken.delete(what.agentId);
    }
  }

  return {
    /** Lets it happen, to its end; a refusal is an end too. */
    async happen(what: Happening): Promise<void> {
      bed.clock.advance(1_000);
      const killed = new Set(memory.tombstones.keys());
      await carryOut(what).catch(() => undefined);
      for (const agentId of memory.tombstones.keys()) {
        if (!killed.has(agentId)) overwritten.delete(agentId);
      }
    },
    isWell: (): boolean => !isDown && broken.size === 0,
    admitted,
    overwritten,
    journal: bed.journal.memory,
    tombstones: (): string[] => [...memory.tombstones.keys()],
    /** What this host owes, or another one. */
    debts: (host = 'h1'): string[] => [...(memory.debts.get(host)?.keys() ?? [])],
    isOperation: (id: string): boolean => memory.documents.has(`operation:${id}`),
    hasRecord: (agentId: string): boolean => memory.documents.has(`agent:${agentId}`),
    /** Its record as the store holds it, faults or no faults. */
    record(agentId: string) {
      const reading = readRecord({ agentId, raw: memory.documents.get(`agent:${agentId}`)?.raw });
      return reading.kind === 'agent' ? reading.agent : undefined;
    },
    status(agentId: string): Status | undefined {
      return this.record(agentId)?.status;
    },
    latch: async () =>
      (await findLatch({ records: { ...bed.core.records, read: async () => [latchText()] } })).latch,
    sightings: async () => (await bed.containers.scan()).seen,
  };
  function latchText(): string | null {
    return memory.documents.get('latch:')?.raw ?? null;
  }
}

export type World = ReturnType<typeof openWorld>;
