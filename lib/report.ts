import { agentReceipt, type Case, caseErrors, ENDED, isKilled, isVerified } from './case.js';
import type { Command } from './command.js';
import type { KillswitchError } from './errors.js';
import { isOwed, isRefused, type LayerOutcome, pendingOf, type Receipt } from './outcome.js';

/** Agents told one by one in a receipt, and sentences in `errors`; the rest only counts. */
const MAX_TOLD = 1_000;

/** Collects the cases of one command. Those beyond the first 1,000 are folded into counts as they end. */
export interface Report {
  add(one: Case): void;
  /** No more are added: there are none, or `error` says why the rest could not be reached. */
  close(error?: KillswitchError): void;
  /** The store does not answer: nothing that is told here stands in a record yet. */
  degrade(): void;
  /** Adds a sentence to `errors`. */
  warn(sentence: string): void;
  /** Resolves when every case added has ended. */
  finished(): Promise<void>;
  /** What is known at this moment. */
  receipt(): Receipt;
}

type Counts = Pick<Receipt, 'total' | 'killed' | 'pending' | 'refused'> & { unverified: number };

const sum = (counts: Counts, one: Case): Counts => ({
  total: counts.total + 1,
  killed: counts.killed + (isKilled(one) ? 1 : 0),
  pending: counts.pending + (pendingOf(one.ledger.outcomes).length > 0 ? 1 : 0),
  refused: counts.refused + (one.ledger.outcomes.some(isRefused) ? 1 : 0),
  unverified: counts.unverified + (isVerified(one) ? 0 : 1),
});

export function openReport(command: Command): Report {
  const told = new Set<Case>();
  const rest = new Set<Case>();
  let folded: Counts = { total: 0, killed: 0, pending: 0, refused: 0, unverified: 0 };
  const foldedErrors: string[] = [];
  const warnings: string[] = [];
  let degraded = false;
  let end: { error?: KillswitchError | undefined } | undefined;

  function fold(one: Case): void {
    folded = sum(folded, one);
    if (foldedErrors.length < MAX_TOLD) foldedErrors.push(...caseErrors(one));
  }

  return {
    add(one) {
      if (told.has(one) || rest.has(one)) return;
      if (told.size < MAX_TOLD) {
        told.add(one);
        return;
      }
      if (one.done === ENDED) return fold(one);
      rest.add(one);
      void one.done.then(() => {
        rest.delete(one);
        fold(one);
      });
    },
    close(error) {
      end = { error };
    },
    degrade() {
      degraded = true;
    },
    warn(sentence) {
      warnings.push(sentence);
    },
    async finished() {
      await Promise.all([...told, ...rest].map(({ done }) => done));
    },
    receipt() {
      const cases = [...told, ...rest];
      const { total, killed, pending, refused, unverified } = cases.reduce(sum, folded);
      const cut = end?.error ? [`selection: ${end.error.message}`] : [];
      const errors = [...cut, ...warnings, ...cases.flatMap(caseErrors), ...foldedErrors].slice(0, MAX_TOLD);
      const incomplete = !end || end.error !== undefined;
      const common = {
        operationId: command.operationId,
        ...(incomplete ? { incomplete } : {}),
        ...(degraded ? { degraded: true as const } : {}),
        total,
        agents: [...told].map(one => ({ ...agentReceipt(one), ...(degraded ? { verified: false } : {}) })),
      };
      if (command.dryRun) {
        return { ...common, ...none, message: dryRunMessage(total), dryRun: true, verified: false };
      }
      const message =
        command.type === 'kill'
          ? killMessage(command.agentId, [...told][0], end?.error)
          : killAllMessage({ total, killed, pending, refused, incomplete });
      return {
        ...common,
        message: degraded ? degradedMessage(killed, total) : message,
        verified: !incomplete && !degraded && unverified === 0,
        killed,
        failed: total - killed,
        pending,
        refused,
        ...(errors.length > 0 ? { errors } : {}),
      };
    },
  };
}

const none = { killed: 0, failed: 0, pending: 0, refused: 0 };
const count = (agents: number): string => `${agents} ${agents === 1 ? 'agent' : 'agents'}`;

export const dryRunMessage = (total: number): string => `Dry run: ${count(total)} would be killed`;

/** Says `killed` only of what was seen dead, or of an agent for which no sandbox is to be asked. */
function killMessage(agentId: string, one: Case | undefined, end: KillswitchError | undefined): string {
  if (!one && end) return `Agent ${agentId} was not killed: ${end.message}`;
  if (!one) return `Agent ${agentId} is not killed yet: the store has not answered`;
  const { pending, outcomes, error } = agentReceipt(one);
  if (error) return `Agent ${agentId} could not be marked killed: ${error.detail}`;
  const names = (some: readonly LayerOutcome[]): string =>
    some.map(({ layer, outcome }) => `${layer} ${outcome}`).join(', ');
  const refused = outcomes.filter(isRefused);
  if (!isKilled(one)) {
    return `Agent ${agentId} is not confirmed dead: ${names([...outcomes.filter(isOwed), ...refused])}`;
  }
  const open = [
    ...(pending.length > 0 ? [`not cleaned up yet: ${pending.join(', ')}`] : []),
    ...(refused.length > 0 ? [names(refused)] : []),
  ];
  return open.length > 0
    ? `Agent ${agentId} is dead; ${open.join('; ')}`
    : `Agent ${agentId} killed successfully`;
}

/** Says nothing of records, for none is written yet, nor of what never ran here. */
export const degradedMessage = (killed: number, total: number): string =>
  `${killed} of ${count(total)} seen not to run here any more; the store does not answer, so the rest is done when it is back`;

export function killAllMessage({
  total,
  killed,
  pending,
  refused,
  incomplete,
}: Pick<Receipt, 'total' | 'killed' | 'pending' | 'refused'> & { incomplete: boolean }): string {
  if (total === 0) return incomplete ? 'No active agents found yet' : 'No active agents to kill';
  const parts = [`${killed} of ${count(total)} killed`];
  if (killed < total) parts.push(`${total - killed} not confirmed dead`);
  if (pending > 0) parts.push(`${pending} not cleaned up yet`);
  if (refused > 0) parts.push(`${refused} with a layer refused`);
  if (incomplete) parts.push('not every agent was reached');
  return parts.join(', ');
}
