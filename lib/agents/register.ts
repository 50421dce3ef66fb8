import type { Actor } from '../domain/actor.js';
import { type Agent, isActive, type Registration } from '../domain/agent.js';
import { by } from '../domain/audit-entry.js';
import { authorize } from '../domain/authorize.js';
import { KillswitchError } from '../domain/errors.js';
import { readRecord } from '../domain/record.js';
import { placesOf, sandboxesOf } from '../domain/sandbox.js';
import { type Core, timestamp } from '../ports/core.js';
import type { StoredAgent } from '../ports/records.js';
import { agentReader, compareAndSet, tombstoned } from '../store/compare-and-set.js';
import { isSameJson } from '../util/json-equal.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { admission, type FoundLatch, findLatch } from './latch.js';
import { cacheRecord } from './record-cache.js';

export interface Registered {
  readonly created: boolean;
  /** The record as stored. */
  readonly raw: string;
}

/** Whether the record has every member of the registration, so that registering again changes nothing. */
function agrees(stored: StoredAgent, body: Registration): boolean {
  const reading = readRecord(stored);
  if (reading.kind === 'unreadable') return false;
  const value = JSON.parse(reading.raw) as Record<string, unknown>;
  return Object.entries(body).every(([name, wanted]) =>
    isSameJson(name === 'sandboxes' ? reading.agent.sandboxes : value[name], wanted),
  );
}

/** The record of an agent found running before it was registered, which the registration replaces. */
function observedIn(stored: StoredAgent | undefined): readonly Agent[] {
  const reading = stored && readRecord(stored);
  if (reading?.kind !== 'agent') return [];
  const { agent } = reading;
  return agent.source === 'observed' && isActive(agent.status) ? [agent] : [];
}

/**
 * Registers an agent as active. Idempotent: the same registration again is not an error.
 * @throws KillswitchError `forbidden`, `tombstoned`, `latched`, `agent_exists`, `conflict`, `store_unavailable`
 */
export async function register(
  core: Core,
  actor: Actor,
  agentId: string,
  body: Registration,
  requestId?: string,
): Promise<Registered> {
  const { taskId, host, status } = body;
  authorize(actor, 'agents:write', omitUndefined({ agentId, taskId, host }));
  // A resumed kill-all uses the start time to spare agents started after it was requested.
  const sandboxes = sandboxesOf(body.sandboxes, body);
  const places = sandboxes.length > 0 || body.sandboxes ? placesOf(sandboxes) : {};
  const raw = JSON.stringify({ agentId, ...body, ...places, startedAt: body.startedAt ?? timestamp(core) });
  const agent = omitUndefined<Agent>({ agentId, labels: {}, ...body, ...places, sandboxes });
  const compute = ([stored, latch]: readonly [StoredAgent | undefined, FoundLatch]) => {
    if (stored?.tombstoned || core.recentKills.has(agentId)) throw tombstoned(agentId);
    if (stored && observedIn(stored).length === 0) {
      if (agrees(stored, body)) return { value: { created: false, raw: stored.raw as string } };
      throw new KillswitchError('agent_exists', `Agent ${agentId} is registered already`);
    }
    const entry = { timestamp: timestamp(core), operation: 'REGISTER_AGENT', phase: 'done' } as const;
    const step = {
      document: { kind: 'agent', id: agentId } as const,
      expect: stored?.raw ?? null,
      next: raw,
      // An agent found running is held by what selects it as it was found, and by what selects it as registered.
      admission: admission(latch, [agent, ...observedIn(stored)]),
      active: true,
      audit: [omitUndefined({ ...entry, requestId, ...by(actor), agentId, taskId, status })],
    };
    return { step, value: { created: true, raw } };
  };
  const read = () => Promise.all([agentReader(core, agentId)(), findLatch(core)]);
  const registered = await compareAndSet(core, read, compute, 'agent registered');
  cacheRecord(core, agent);
  return registered;
}
