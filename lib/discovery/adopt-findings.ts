import type { Actor } from '../domain/actor.js';
import { authorize } from '../domain/authorize.js';
import type { Core } from '../ports/core.js';
import { adoptFinding } from './adopt-found.js';
import type { Finding } from './finding.js';
import { createNaming } from './naming.js';

/** Which findings are to become agents; one that is named by any of these is. */
export interface Choice {
  /** Agent IDs, PIDs, or IDs of findings. */
  readonly ids?: readonly string[];
  readonly detectors?: readonly string[];
  readonly all?: boolean;
}

/** What became of one of them. `notFound`: nothing of this name was found. */
export interface AdoptedOne {
  readonly agentId: string;
  readonly outcome: 'adopted' | 'known' | 'killed' | 'refused' | 'notFound';
  /** Why it is no agent, in words that may be shown. */
  readonly why?: string;
}

const isNamed = ({ agentId, id, pid }: Finding, name: string): boolean =>
  name === agentId || name === id || name === String(pid);

/**
 * Makes agents of those of the findings that were chosen.
 * @throws KillswitchError `forbidden`, `conflict`, `store_unavailable`
 */
export async function adoptFindings(
  core: Core,
  actor: Actor,
  findings: readonly Finding[],
  { ids = [], detectors = [], all = false }: Choice,
): Promise<readonly AdoptedOne[]> {
  const named = (await createNaming(core).name(findings)).map(({ finding }) => finding);
  // By the ID that the look gave it, or by the one that it has in the records.
  const isChosen = (finding: Finding, at: number): boolean =>
    all ||
    detectors.includes(finding.detector) ||
    ids.some(name => isNamed(finding, name) || findings[at]?.agentId === name);
  const chosen = named.filter(isChosen);
  for (const { agentId } of chosen) authorize(actor, 'agents:write', { agentId, host: core.hostId });
  const done: AdoptedOne[] = [];
  for (const finding of chosen) {
    const adoption = await adoptFinding(core, finding, { actor });
    const { agentId, outcome } = adoption;
    done.push({ agentId, outcome, ...('why' in adoption && { why: adoption.why }) });
  }
  const known = [...findings, ...named];
  for (const name of ids) {
    if (known.some(one => isNamed(one, name))) continue;
    done.push({
      agentId: name,
      outcome: 'notFound',
      why: 'nothing that looks like an agent has this name here',
    });
  }
  return done;
}
