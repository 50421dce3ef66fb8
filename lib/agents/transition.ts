import type { Actor } from '../domain/actor.js';
import { type Agent, isActive, mayBecome, type Transition } from '../domain/agent.js';
import { by } from '../domain/audit-entry.js';
import { authorize, covers, outside } from '../domain/authorize.js';
import { KillswitchError, unknownAgent } from '../domain/errors.js';
import { readRecord } from '../domain/record.js';
import { changedSandboxes, type Places, placeMembers, placesOf } from '../domain/sandbox.js';
import { type Core, timestamp } from '../ports/core.js';
import type { StoredAgent } from '../ports/records.js';
import { agentReader, compareAndSet, tombstoned } from '../store/compare-and-set.js';
import { setMembers } from '../util/json-edit.js';
import { isSameJson } from '../util/json-equal.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { admission, type FoundLatch, findLatch, holdOf } from './latch.js';
import { cacheRecord } from './record-cache.js';

/** Members that selectors match: the agent's own credential may not change them. */
const SELECTED_BY = ['taskId', 'host', 'labels', 'startedAt'] as const;

/** @throws KillswitchError `forbidden` */
function forbidEscape(actor: Actor, agent: Agent, body: Transition): void {
  if (actor.within.agentId === undefined) return;
  for (const name of SELECTED_BY) {
    if (body[name] !== undefined && !isSameJson(body[name], agent[name])) {
      throw new KillswitchError('forbidden', `A credential for this agent alone may not change its ${name}`);
    }
  }
}

/** The members that name sandboxes, brought into line with each other: those that the change says or alters. */
function placesAfter(agent: Agent, body: Transition): Places {
  if (placeMembers.every(name => body[name] === undefined)) return {};
  const places = placesOf(changedSandboxes(agent.sandboxes, body));
  const changed = placeMembers.filter(name => name === 'sandboxes' || !isSameJson(agent[name], places[name]));
  return Object.fromEntries(changed.map(name => [name, places[name]]));
}

/**
 * The agents that the emergency stop must not select for this change: none if the status and whether it is held stay the
 * same. Otherwise an agent could leave a hold, or enter one while active, and get past it with the next change.
 */
function heldTo({ latch }: FoundLatch, agent: Agent, moved: Agent): readonly Agent[] {
  const stays = agent.status === moved.status && !holdOf(latch, agent) === !holdOf(latch, moved);
  return stays ? [] : [agent, moved];
}

/**
 * Changes an agent's status along its state machine, never to `killed`, and adds members to its record.
 * @returns the record as stored
 * @throws KillswitchError `forbidden`, `agent_not_found`, `unreadable_record`, `tombstoned`, `latched`, `invalid_state`,
 *   `conflict`, `store_unavailable`
 */
export async function transition(
  core: Core,
  actor: Actor,
  agentId: string,
  body: Transition,
  requestId?: string,
): Promise<string> {
  authorize(actor, 'agents:write', { ...actor.within, agentId });
  const compute = ([stored, latch]: readonly [StoredAgent | undefined, FoundLatch]) => {
    if (!stored) throw unknownAgent(agentId);
    const reading = readRecord(stored);
    if (reading.kind === 'unreadable') throw new KillswitchError('unreadable_record', reading.why);
    const { agent, raw } = reading;
    const changes = placesAfter(agent, body);
    const moved = omitUndefined<Agent>({ ...agent, ...body, ...changes });
    if (!covers(actor.within, agent) || !covers(actor.within, moved)) {
      throw outside();
    }
    forbidEscape(actor, agent, body);
    if (agent.status === 'killed' || stored.tombstoned) throw tombstoned(agentId);
    const status = body.status ?? agent.status;
    if (!isActive(agent.status) || (status !== agent.status && !mayBecome(agent.status, status))) {
      throw new KillswitchError(
        'invalid_state',
        `Agent ${agentId} is ${agent.status}; it cannot become ${status}`,
      );
    }
    const next = setMembers(raw, { ...body, ...changes });
    const entry = { timestamp: timestamp(core), operation: 'TRANSITION_AGENT', phase: 'done' } as const;
    const told = { requestId, ...by(actor), agentId, taskId: agent.taskId };
    const step = {
      document: { kind: 'agent', id: agentId } as const,
      expect: raw,
      next,
      ...(isActive(status) && { admission: admission(latch, heldTo(latch, agent, moved)) }),
      active: isActive(status),
      audit: [omitUndefined({ ...entry, ...told, statusBefore: agent.status, status })],
    };
    return { step, value: { raw: next, agent: moved } };
  };
  const read = () => Promise.all([agentReader(core, agentId)(), findLatch(core)]);
  const { raw, agent } = await compareAndSet(core, read, compute, 'agent changed');
  cacheRecord(core, agent);
  return raw;
}
