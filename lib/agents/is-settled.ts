import { isActive } from '../domain/agent.js';
import { readRecord } from '../domain/record.js';
import type { Records } from '../ports/records.js';

/**
 * Makes the check whether an agent's kill owes nothing any more, by its record; until then its remains may be needed. An
 * agent without a record owes nothing; an unreadable record, or a store that does not answer, counts as not settled.
 * The check never rejects.
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
