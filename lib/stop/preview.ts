import type { Command } from '../domain/command.js';
import { shown } from '../domain/errors.js';
import type { Core } from '../ports/core.js';
import type { Job } from './in-flight.js';
import { type Candidates, isInvalidState, objection, type Refused } from './mark-killed.js';
import { endedEntry, type Stoppable } from './receipt.js';
import { selectOne, selectPages } from './select.js';
import { observeAll, observeOne } from './stop-unregistered.js';
import { explainUnmatched } from './unmatched.js';

/**
 * A dry run: selects as the stop does and adds to the receipt what would be marked killed. Writes nothing and starts
 * nothing, not even a retry.
 * @throws KillswitchError `agent_not_found`, `forbidden`, `store_unavailable`, and what a single kill is refused for
 */
export async function preview(core: Core, { command, receipt }: Job): Promise<void> {
  const add = (verdicts: readonly Preview[]): void => {
    for (const verdict of verdicts) {
      if (verdict.kind === 'preview') {
        receipt.add(endedEntry(verdict.agent, command.operationId, { statusBefore: verdict.agent.status }));
      } else if (command.type === 'kill') throw verdict.error;
    }
  };
  try {
    if (command.type === 'kill') {
      const reading = await selectOne(core, command);
      const byRecord = reading ? previewKills(command, { candidates: [reading] }) : [];
      const isDecided = reading && !byRecord.some(isInvalidState);
      add(isDecided ? byRecord : previewKills(command, await observeOne(core, command, reading)));
    } else {
      for await (const candidates of selectPages(core, command)) add(previewKills(command, { candidates }));
      const handled = new Set<string>();
      for await (const seen of observeAll(core, command, { receipt, handled })) {
        add(previewKills(command, seen));
      }
      const isEmpty = receipt.isEmpty();
      for (const reason of await explainUnmatched(core, command, { isEmpty })) receipt.warn(reason);
    }
    receipt.close();
  } catch (error) {
    if (receipt.isEmpty()) throw shown(error);
    core.log.error({ err: error, operationId: command.operationId }, 'selection ended early');
    receipt.close(shown(error));
  }
}

type Preview = { readonly kind: 'preview'; readonly agent: Stoppable } | Refused;

/** What marking them killed would do, from what was read. */
export const previewKills = (command: Command, { candidates, running }: Candidates): readonly Preview[] =>
  candidates.map(candidate => {
    if (candidate.kind === 'unreadable') return { kind: 'preview', agent: { agentId: candidate.agentId } };
    const { agent } = candidate;
    const objected = objection(agent, command, running?.has(agent.agentId) ?? false);
    return objected?.kind === 'refused' ? objected : { kind: 'preview', agent };
  });
