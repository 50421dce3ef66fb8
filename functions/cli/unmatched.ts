import type { Selector } from '../../lib/command.js';
import type { Receipt } from '../../lib/outcome.js';
import { warn } from './output.js';
import { describeSelector } from './selector.js';

const NAMED = 20;

/**
 * Warns of a selection that nothing was found for, or of an agent in it that was not: misspelt, most likely.
 * @returns whether there was one
 */
export function warnUnmatched(
  selector: Selector,
  { total, agents }: Pick<Receipt, 'total' | 'agents'>,
): boolean {
  const isAny = Object.keys(selector).length === 0;
  if (total === 0) {
    warn(`killswitch: Nothing to stop was found${isAny ? '' : ` for ${describeSelector(selector)}`}.`);
    return true;
  }
  // A receipt of more agents does not name them all.
  const found = new Set(agents.map(({ agentId }) => agentId));
  const missing = found.size < total ? [] : (selector.agentIds ?? []).filter(id => !found.has(id));
  if (missing.length === 0) return false;
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : '';
  warn(`killswitch: Nothing to stop was found for ${missing.slice(0, NAMED).join(', ')}${more}.`);
  return true;
}
