import { AGENT_ID, type Status, statuses } from '../domain/agent.js';
import type { Selector } from '../domain/selector.js';
import { omitUndefined } from '../util/omit-undefined.js';

/** A command written as text, in a chat or a comment. */
export type TextCommand =
  | { readonly verb: 'kill'; readonly agentId: string; readonly reason?: string }
  | { readonly verb: 'all' | 'latch'; readonly selector: Selector; readonly reason?: string }
  | { readonly verb: 'reset'; readonly reason?: string }
  | { readonly verb: 'status' }
  /** Help was asked for, or the text is none of these; `problem` then says why. */
  | { readonly verb: 'help'; readonly problem?: string };

const MAX_REASON = 1000;
const STATUSES: ReadonlySet<string> = new Set(statuses);

const reasonOf = (words: readonly string[]): string | undefined =>
  words.join(' ').slice(0, MAX_REASON) || undefined;

/** Also matches misspelt members: taken as a word of the reason, one would leave a selector that selects more. */
const PART = /^([^=]+)=(.*)$/;
const KNOWN_PART = /^(agent|task|host|status|label:[^=]+)=/;

/** Leading words of the form `name=value` are the selector; the rest is the reason. */
function selectorOf(words: readonly string[]): { selector: Selector; reason?: string } | { problem: string } {
  const agentIds: string[] = [];
  const status: Status[] = [];
  const labels: Record<string, string> = Object.create(null);
  let selector: Selector = {};
  let at = 0;
  for (; at < words.length; at++) {
    const [, name, value] = PART.exec(words[at] ?? '') ?? [];
    if (name === undefined || value === undefined) break;
    if (name === 'agent' && AGENT_ID.test(value)) agentIds.push(value);
    else if (name === 'task' && value) selector = { ...selector, taskId: value };
    else if (name === 'host' && value) selector = { ...selector, host: value };
    else if (name === 'status' && STATUSES.has(value)) status.push(value as Status);
    else if (/^label:./.test(name)) labels[name.slice('label:'.length)] = value;
    else return { problem: `${words[at]} is not part of a selector` };
  }
  const late = words.slice(at).find(word => KNOWN_PART.test(word));
  if (late !== undefined) return { problem: `${late} must stand before the reason` };
  const named = { ...labels };
  return omitUndefined({
    selector: omitUndefined<Selector>({
      ...selector,
      agentIds: agentIds.length > 0 ? agentIds : undefined,
      status: status.length > 0 ? status : undefined,
      labels: Object.keys(named).length > 0 ? named : undefined,
    }),
    reason: reasonOf(words.slice(at)),
  });
}

/**
 * Parses `kill <id> [reason]`, `all [selector] [reason]`, `status`, `latch [selector] [reason]` and `reset <reason>`; a
 * selector is any of `agent=a1 task=t1 host=h1 status=running label:team=core`. Never throws.
 */
export function parseTextCommand(text: string): TextCommand {
  const [verb = 'help', ...words] = text
    .trim()
    .split(/\s+/)
    .filter(word => word !== '');
  switch (verb.toLowerCase()) {
    case 'kill': {
      const [agentId, ...rest] = words;
      if (agentId === undefined) return { verb: 'help', problem: 'kill needs the ID of an agent' };
      if (!AGENT_ID.test(agentId)) return { verb: 'help', problem: `${agentId} is not an agent ID` };
      return omitUndefined({ verb: 'kill', agentId, reason: reasonOf(rest) });
    }
    case 'all':
    case 'kill-all':
    case 'latch': {
      const found = selectorOf(words);
      if ('problem' in found) return { verb: 'help', ...found };
      return { verb: verb.toLowerCase() === 'latch' ? 'latch' : 'all', ...found };
    }
    case 'reset':
      return omitUndefined({ verb: 'reset', reason: reasonOf(words) });
    case 'status':
      return { verb: 'status' };
    case 'help':
      return { verb: 'help' };
    default:
      return { verb: 'help', problem: `${verb} is not a command` };
  }
}
