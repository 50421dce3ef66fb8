import { readRecord } from '../../../lib/domain/record.js';
import { codeOf, sentenceOf } from './refusal.js';
import type { Registry } from './registry.js';
import { exitCodeOf } from './signals.js';

/** What is said about the end of an agent, and the exit code where that is not the command's own. */
export interface Recorded {
  readonly lines: readonly string[];
  readonly code?: number;
}

export const KILLED = exitCodeOf('SIGKILL');

const withStop = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/**
 * Writes down how an agent ended. One that was killed stays so, whatever its command made of the signal.
 * @param isKilledHere whether this process killed it without the rest of killswitch
 */
export async function recordEnd(
  registry: Registry,
  agentId: string,
  status: 'completed' | 'failed',
): Promise<Recorded> {
  try {
    await registry.change({ status });
    return { lines: [] };
  } catch (error) {
    if (codeOf(error) === 'tombstoned') return { lines: [await killedBy(registry, agentId)], code: KILLED };
    const said = `That ${agentId} ${status} could not be recorded, so it may still be listed as running`;
    return { lines: [withStop(`${said}: ${sentenceOf(error)}`)] };
  }
}

async function killedBy(registry: Registry, agentId: string): Promise<string> {
  const record = await registry.record().catch(() => undefined);
  const reading = readRecord({ agentId, raw: JSON.stringify(record) });
  if (reading.kind !== 'agent' || reading.agent.kill === undefined) return `${agentId} was killed.`;
  const { requestedBy, requestedAt, reason } = reading.agent.kill;
  return withStop(
    `${agentId} was killed by ${requestedBy} at ${requestedAt}${reason === undefined ? '' : `: ${reason}`}`,
  );
}
