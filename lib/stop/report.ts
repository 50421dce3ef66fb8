import type { Command } from '../domain/command.js';
import type { KillswitchError } from '../domain/errors.js';
import { type AgentReceipt, isRefused, pendingOf, type Receipt } from '../domain/outcome.js';
import {
  blindWarning,
  degradedMessage,
  describeErrors,
  dryRunMessage,
  isUnseen,
  killAllMessage,
  killMessage,
  notReachedMessage,
  notYetMessage,
  unseenWarning,
} from '../domain/wording.js';
import { agentReceipt, type Case, ENDED, isKilled, isVerified } from './case.js';

/** Agents told one by one in a receipt, and sentences in `errors`; the rest only counts. */
const MAX_TOLD = 1_000;

/** Collects the cases of one command. Those beyond the first 1,000 are folded into counts as they end. */
export interface Report {
  add(one: Case): void;
  /** No more are added: there are none, or `error` says why the rest could not be reached. */
  close(error?: KillswitchError): void;
  /** The store does not answer: nothing that is told here stands in a record yet. */
  degrade(): void;
  /** Adds a sentence to `errors`: something did not go as it should. */
  fail(sentence: string): void;
  /** Adds a sentence to `warnings`, once. */
  warn(sentence: string): void;
  /** Something that the command is for may run where it cannot be seen, and why: the receipt is incomplete so long. */
  blind(reasons: readonly string[]): void;
  /** Whether no agent was found for the command so far. */
  isEmpty(): boolean;
  /** Resolves when every case added has ended. */
  finished(): Promise<void>;
  /** What is known at this moment. */
  receipt(): Receipt;
}

type Counts = Pick<Receipt, 'total' | 'killed' | 'pending' | 'refused'> & {
  readonly unverified: number;
  readonly unseen: number;
};

const NONE: Counts = { total: 0, killed: 0, pending: 0, refused: 0, unverified: 0, unseen: 0 };
/** How many agents one warning names. */
const NAMED = 5;

const errorsOf = (one: Case): string[] => describeErrors(one.agent.agentId, agentReceipt(one));

const sum = (counts: Counts, one: Case): Counts => ({
  total: counts.total + 1,
  killed: counts.killed + (isKilled(one) ? 1 : 0),
  pending: counts.pending + (pendingOf(one.ledger.outcomes).length > 0 ? 1 : 0),
  refused: counts.refused + (one.ledger.outcomes.some(isRefused) ? 1 : 0),
  unverified: counts.unverified + (isVerified(one) ? 0 : 1),
  unseen: counts.unseen + (isUnseen(agentReceipt(one)) ? 1 : 0),
});

export function openReport(command: Command): Report {
  const told = new Set<Case>();
  const rest = new Set<Case>();
  let folded = NONE;
  const foldedErrors: string[] = [];
  const failures: string[] = [];
  const warnings = new Set<string>();
  let unsighted: readonly string[] = [];
  let degraded = false;
  let end: { error?: KillswitchError | undefined } | undefined;

  function fold(one: Case): void {
    folded = sum(folded, one);
    if (foldedErrors.length < MAX_TOLD) foldedErrors.push(...errorsOf(one));
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
    fail(sentence) {
      failures.push(sentence);
    },
    warn(sentence) {
      warnings.add(sentence);
    },
    blind(reasons) {
      unsighted = reasons;
    },
    isEmpty: () => told.size === 0,
    async finished() {
      await Promise.all([...told, ...rest].map(({ done }) => done));
    },
    receipt() {
      const cases = [...told, ...rest];
      const { total, killed, pending, refused, unverified, unseen } = cases.reduce(sum, folded);
      const receipts = [...told].map(agentReceipt);
      const incomplete = !end || end.error !== undefined || unsighted.length > 0;
      const common = {
        operationId: command.operationId,
        ...(incomplete ? { incomplete: true as const } : {}),
        ...(degraded ? { degraded: true as const } : {}),
        total,
        agents: receipts,
      };
      if (command.dryRun) {
        const none = { killed: 0, failed: 0, pending: 0, refused: 0 };
        const remarks = [...warnings];
        return {
          ...common,
          ...none,
          message: dryRunMessage(total),
          dryRun: true,
          verified: false,
          ...(remarks.length > 0 ? { warnings: remarks } : {}),
        };
      }
      const cut = end?.error ? [`selection: ${end.error.message}`] : [];
      const errors = [...cut, ...failures, ...cases.flatMap(errorsOf), ...foldedErrors].slice(0, MAX_TOLD);
      const isOver = end !== undefined && unseen > 0;
      const unseenIds = isOver
        ? receipts
            .filter(isUnseen)
            .map(({ agentId }) => agentId)
            .slice(0, NAMED)
        : [];
      const remarks = [
        ...unsighted.map(blindWarning),
        ...(isOver ? [unseenWarning(unseenIds, unseen - unseenIds.length)] : []),
        ...warnings,
      ];
      return {
        ...common,
        message: degraded ? degradedMessage(killed, total) : messageOf(receipts[0]),
        verified: total > 0 && !incomplete && !degraded && unverified === 0,
        killed,
        failed: total - killed,
        pending,
        refused,
        ...(errors.length > 0 ? { errors } : {}),
        ...(remarks.length > 0 ? { warnings: remarks } : {}),
      };

      function messageOf(first: AgentReceipt | undefined): string {
        if (command.type === 'kill-all') {
          return killAllMessage({ total, killed, pending, refused }, incomplete);
        }
        if (first) return killMessage(command.agentId, first);
        return end?.error
          ? notReachedMessage(command.agentId, end.error.message)
          : notYetMessage(command.agentId);
      }
    },
  };
}
