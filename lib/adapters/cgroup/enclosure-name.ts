import { AGENT_ID } from '../../domain/agent.js';

/** Under it lie the agents that come from no cgroup that has to be kept. */
export const SLICE = 'killswitch.slice';
/** The same in the hierarchy of the freezer of version 1. */
export const LEGACY_SLICE = 'killswitch';

/** No agent ID holds an `@`, and no container's cgroup is called so; the ID needs no escaping behind it. */
const MARK = 'killswitch@';

/**
 * What tells an agent's cgroup of ours from all others. @param space tells programs apart that know their agents by
 * different variables, as a drill does; empty for the usual one
 */
export function nameOf(agentId: string, space: string): string {
  if (!AGENT_ID.test(agentId)) throw new TypeError('This is not an ID of an agent.');
  return `${MARK}${agentId}${space === '' ? '' : `@${space}`}`;
}

/** The agent whose cgroup has this name; undefined if it is not ours, or of another space. */
export function agentIn(name: string, space: string): string | undefined {
  if (!isOurs(name)) return undefined;
  const [agentId = '', ...rest] = name.slice(MARK.length).split('@');
  return rest.join('@') === space && AGENT_ID.test(agentId) ? agentId : undefined;
}

/** Whether an agent's cgroup of ours is called so, of whatever space. */
export const isOurs = (name: string): boolean => name.startsWith(MARK);
