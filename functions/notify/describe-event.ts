import { describeLayer } from '../../lib/domain/layer-wording.js';
import { isOwed, isRefused } from '../../lib/domain/outcome.js';
import type { Selector } from '../../lib/domain/selector.js';
import { count, describeSelector } from '../../lib/domain/wording.js';
import { type Event, type EventData, type EventType, MAX_LISTED } from '../../lib/notify/event.js';

/** Characters of an actor, a reason or a detail. */
const MAX_QUOTED = 200;
const MAX_DETAILS = 5;

const HEADLINES: Readonly<Record<EventType, string>> = {
  'killswitch.activated': 'Stop accepted',
  'killswitch.settled': 'Killed, and nothing is left to do',
  'killswitch.unverified': 'Stop NOT confirmed',
  'killswitch.resurrection': 'Ran again after it had been killed, and was stopped again',
  'killswitch.latch.engaged': 'Emergency stop engaged',
  'killswitch.latch.reset': 'Emergency stop reset',
  'killswitch.latch.enforced': 'Started although the emergency stop is engaged, and was stopped',
  'killswitch.swept': 'Ran without an active record, and was stopped',
  'killswitch.denied': 'Request refused',
};

/** Instead of "Killed" where no sandbox of the agent was seen to die. */
const UNSEEN = 'Marked killed; nothing of it was seen running';

/** Cuts by characters, so that none is divided. */
function quoted(text: string): string {
  const characters = Array.from(text);
  return characters.length > MAX_QUOTED ? `${characters.slice(0, MAX_QUOTED - 1).join('')}…` : text;
}

/** An event lists only the first IDs, and does not say whether there are more. */
const withPossiblyMore = (selector: Selector): Selector =>
  selector.agentIds && selector.agentIds.length >= MAX_LISTED
    ? { ...selector, agentIds: [...selector.agentIds, 'possibly others'] }
    : selector;

function agentsOf({ agentId, taskId, selector, killed, total }: EventData): string | undefined {
  if (agentId !== undefined) return taskId === undefined ? agentId : `${agentId} (task ${taskId})`;
  if (total !== undefined && killed !== undefined) return `${killed} of ${count(total)}`;
  return selector && describeSelector(withPossiblyMore(selector));
}

/** What went wrong or is still to be done. */
function problemsOf({ outcomes = [], errors = [] }: EventData): string[] {
  const open = outcomes.filter(one => isOwed(one) || isRefused(one));
  return [...open.map(outcome => describeLayer(outcome, { paths: false })), ...errors];
}

/** An event in a few lines for people. Not escaped: the lines may contain an agent's own words. */
export function describeEvent({ type, data }: Event): readonly string[] {
  const { actor, reason } = data;
  const agents = agentsOf(data);
  const headline = type === 'killswitch.settled' && data.verified === false ? UNSEEN : HEADLINES[type];
  const problems = type === 'killswitch.activated' ? [] : problemsOf(data);
  const more = problems.length - MAX_DETAILS;
  return [
    agents === undefined ? headline : `${headline}: ${quoted(agents)}`,
    `by ${quoted(actor)}${reason === undefined ? '' : `, because: ${quoted(reason)}`}`,
    ...problems.slice(0, MAX_DETAILS).map(quoted),
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
}
