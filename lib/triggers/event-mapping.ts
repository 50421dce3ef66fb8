import { AGENT_ID } from '../domain/agent.js';
import type { Selector } from '../domain/selector.js';

/** The word that lets a trigger select every agent. */
export const EVERYTHING = 'everything';

type Member = 'agentIds' | 'taskId' | 'host';
/** One member of a selector, and the path of its value in an event. */
export interface MappedMember {
  readonly member: Member | { readonly label: string };
  readonly path: readonly string[];
}

/** How an event becomes a selector; `everything`: every agent, whatever the event contains. */
export type Mapping = typeof EVERYTHING | readonly MappedMember[];

const FORM = /^(agentIds|taskId|host|labels\.([^=,\s]{1,128}))=([^=,\s.]+(?:\.[^=,\s.]+)*)$/;

/**
 * @param text members of a selector, each with the path of its value in the event, such as
 *   `agentIds=labels.agent_id,labels.team=labels.team`; or the word `everything`
 * @returns `problem` completes a sentence that begins with the setting's name
 */
export function parseMapping(text: string): Mapping | { readonly problem: string } {
  if (text === EVERYTHING) return EVERYTHING;
  const sources: MappedMember[] = [];
  const names = new Set<string>();
  for (const part of text.split(',')) {
    const [, name, label, path = ''] = FORM.exec(part.trim()) ?? [];
    if (name === undefined) {
      return { problem: `must be like agentIds=labels.agent_id, or the word ${EVERYTHING}` };
    }
    if (names.has(name)) return { problem: `names ${name} twice` };
    names.add(name);
    sources.push({
      member: label === undefined ? (name as Member) : { label },
      path: path.split('.'),
    });
  }
  return sources;
}

/** The value at a path. Own members only, so nothing inherited is found. */
function at(event: unknown, path: readonly string[]): unknown {
  let value = event;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** The selector that a mapping makes of an event, or why it makes none. */
export type Mapped = { readonly selector: Selector } | { readonly problem: string };

/**
 * The agents that an event is about. The event must have every part of the mapping: without one, it would select more
 * than intended.
 */
export function mapEvent(mapping: Mapping, event: unknown): Mapped {
  if (mapping === EVERYTHING) return { selector: {} };
  let selector: Selector = {};
  for (const { member, path } of mapping) {
    const found = at(event, path);
    const value = typeof found === 'number' ? String(found) : found;
    if (typeof value !== 'string' || value === '' || value.length > 1024) {
      return { problem: `it has no ${path.join('.')}` };
    }
    if (member === 'agentIds') {
      const agentIds = value.split(/[\s,]+/).filter(id => id !== '');
      if (agentIds.length === 0 || !agentIds.every(id => AGENT_ID.test(id))) {
        return { problem: `its ${path.join('.')} is not an agent ID` };
      }
      selector = { ...selector, agentIds };
    } else if (typeof member === 'string') selector = { ...selector, [member]: value };
    else selector = { ...selector, labels: { ...selector.labels, [member.label]: value } };
  }
  return { selector };
}
