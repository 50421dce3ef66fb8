import type { Actor, Scope, Within } from './actor.js';
import type { Command } from './command.js';
import { KillswitchError } from './errors.js';
import type { Selector } from './selector.js';

/** What a single-use token may do while its earlier uses cannot be checked: stopping twice is harmless. */
export const STOPPING: ReadonlySet<Scope> = new Set<Scope>([
  'agents:kill',
  'agents:kill-all',
  'latch:engage',
]);

/** The refusal for anything outside a narrowed credential; reveals nothing about what is there. */
export const outside = (): KillswitchError =>
  new KillswitchError('forbidden', 'The credential is narrowed, and this lies outside');

/** Whether the agent is inside. An agent without a task or host is outside of a credential narrowed to one. */
export const covers = (within: Within, agent: Within): boolean =>
  (within.agentId === undefined || within.agentId === agent.agentId) &&
  (within.taskId === undefined || within.taskId === agent.taskId) &&
  (within.host === undefined || within.host === agent.host);

/**
 * @param on what the request touches, as far as it is known: an absent member counts as outside of a credential narrowed
 *   by it. Without `on` only the scope is checked, for requests that are narrowed by {@link narrow} or {@link covers}
 *   afterwards; except for a reset of the latch, which touches everything.
 * @throws KillswitchError `forbidden`
 */
export function authorize(actor: Actor, scope: Scope, on?: Within): void {
  if (!actor.scopes.has(scope)) {
    throw new KillswitchError('forbidden', `The credential needs the scope ${scope}`);
  }
  if (actor.unconfirmed && !STOPPING.has(scope)) {
    throw new KillswitchError(
      'forbidden',
      'The single-use credential cannot be checked now: it can only stop',
    );
  }
  if (actor.unaddressed && !STOPPING.has(scope)) {
    throw new KillswitchError(
      'forbidden',
      'What a gateway passes on can only stop here: set KILLSWITCH_PUBLIC_URL to the URL by which it calls this server',
    );
  }
  const touched = on ?? (scope === 'latch:reset' ? {} : undefined);
  if (touched && !covers(actor.within, touched)) throw outside();
}

function narrowed(asked: string | undefined, allowed: string): string {
  if (asked !== undefined && asked !== allowed) throw outside();
  return allowed;
}

/**
 * The intersection of a selector with a credential.
 * @throws KillswitchError `forbidden` if the selector names an agent, task or host outside
 */
export function narrow(selector: Selector, within: Within): Selector {
  const { agentId, taskId, host } = within;
  if (agentId !== undefined && selector.agentIds?.some(asked => asked !== agentId)) throw outside();
  return {
    ...selector,
    ...(agentId !== undefined && { agentIds: selector.agentIds ?? [agentId] }),
    ...(taskId !== undefined && { taskId: narrowed(selector.taskId, taskId) }),
    ...(host !== undefined && { host: narrowed(selector.host, host) }),
  };
}

/** Whether the actor may give this command. @throws KillswitchError `forbidden` */
export function permit({ actor, ...command }: Command): void {
  if (command.type === 'kill') {
    authorize(actor, 'agents:kill', { ...actor.within, agentId: command.agentId });
    return;
  }
  authorize(actor, 'agents:kill-all');
  if (command.latch) authorize(actor, 'latch:engage');
  narrow(command.selector, actor.within);
}
