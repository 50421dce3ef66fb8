import { isActive } from '../domain/agent.js';
import { readRecord } from '../domain/record.js';
import type { Records } from '../ports/records.js';

/**
 * Whether nothing of an agent's kill is owed any more, as its record says: what was kept of the agent may be needed
 * until then. Nobody owes for an agent without a record; a record that cannot be read, or a store that does not
 * answer, confirms nothing. Never rejects.
 */
export const createIsSettled =
  (records: Pick<Records, 'agents'>) =>
  async (agentId: string): Promise<boolean> => {
    try {
      const [stored] = await records.agents([agentId]);
      if (!stored) return true;
      const reading = readRecord(stored);
      if (reading.kind === 'unreadable') return false;
      const { status, kill } = reading.agent;
      return !isActive(status) && (kill === undefined || kill.confirmedAt !== undefined);
    } catch {
      return false;
    }
  };
