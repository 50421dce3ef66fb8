import { isOwed, isRefused } from '../../lib/domain/outcome.js';
import type { Selector } from '../../lib/domain/selector.js';
import type { Event, EventData, EventType } from '../../lib/notify/event.js';

/** Longer than any sentence of ours, shorter than what a chat cuts off. */
const MAX_QUOTED = 200;
const MAX_DETAILS = 5;

const HEADLINES: Readonly<Record<EventType, string>> = {
  'killswitch.activated': 'Stop accepted',
  'killswitch.settled': 'Killed, and nothing is left to do',
  'killswitch.unverified': 'Stop NOT confirmed',
  'killswitch.resurrection': 'Ran again after it had been killed, and was stopped again',
  'killswitch.latch.engaged': 'Emergency stop engaged',
  'killswitch.latch.reset': 'Emergency stop reset',
  'killswitch.latch.enforced': 'Started against the emergency stop, and was stopped',
  'killswitch.swept': 'Ran without an active record, and was stopped',
  'killswitch.denied': 'Refused',
};

/** Where no sandbox was to be asked, nobody has seen anything die. */
const UNSEEN = 'Marked killed; nothing of it was seen to run';

/** By characters, so that none is cut in half. */
function quoted(text: string): string {
  const characters = Array.from(text);
  return characters.length > MAX_QUOTED ? `${characters.slice(0, MAX_QUOTED - 1).join('')}…` : text;
}

/** Which agents, in words. */
function selected({ agentIds, taskId, host, status, labels }: Selector): string {
  const parts = [
    agentIds && (agentIds.length === 1 ? `agent ${agentIds[0]}` : `${agentIds.length} or more agents by ID`),
    taskId !== undefined && `task ${taskId}`,
    host !== undefined && `host ${host}`,
    status !== undefined && `status ${[status].flat().join(' or ')}`,
    labels && Object.entries(labels).map(([name, value]) => `label ${name}=${value}`),
  ];
  const named = parts.flat().filter(part => typeof part === 'string' && part !== '');
  return named.length > 0 ? named.join(', ') : 'every agent';
}

function whom({ agentId, taskId, selector, killed, total }: EventData): string | undefined {
  if (agentId !== undefined) return taskId === undefined ? agentId : `${agentId} (task ${taskId})`;
  if (total !== undefined && killed !== undefined) return `${killed} of ${total} agents`;
  return selector && selected(selector);
}

/** What went wrong, or is still to be done. */
function details({ outcomes = [], errors = [] }: EventData): string[] {
  const open = outcomes.filter(one => isOwed(one) || isRefused(one));
  return [
    ...open.map(({ layer, outcome, detail }) => `${layer} ${outcome}${detail ? `: ${detail}` : ''}`),
    ...errors,
  ];
}

/**
 * An event in a few lines for people. All in it that may be somebody's own words is escaped.
 * @param most UTF-16 units; lines that do not fit any more are left out
 */
export function sentenceOf({ type, data }: Event, escaped: (text: string) => string, most = 3_000): string {
  const { actor, reason } = data;
  const safe = (text: string): string => escaped(quoted(text));
  const about = whom(data);
  const headline = type === 'killswitch.settled' && data.verified === false ? UNSEEN : HEADLINES[type];
  const wrong = type === 'killswitch.activated' ? [] : details(data);
  const left = wrong.length - MAX_DETAILS;
  const lines = [
    `${headline}${about === undefined ? '' : `: ${safe(about)}`}`,
    `by ${safe(actor)}${reason === undefined ? '' : `, because: ${safe(reason)}`}`,
    ...wrong.slice(0, MAX_DETAILS).map(safe),
    ...(left > 0 ? [`and ${left} more`] : []),
  ];
  return lines.reduce((text, line) => (text.length + line.length < most ? `${text}\n${line}` : text));
}
