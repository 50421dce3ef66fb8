import { type Answer, ClientError } from '../../../lib/client/client.js';
import { agentIn } from '../../../lib/client/responses.js';
import type { AuditEntry } from '../../../lib/domain/audit-entry.js';
import { describeLayer } from '../../../lib/domain/layer-wording.js';
import type { AgentReceipt } from '../../../lib/domain/outcome.js';
import { shortAuditLine } from '../audit-line.js';
import type { DemoAgent } from './agent.js';
import { type Check, runChecks } from './checks.js';
import { createSetup, type DemoSetup, type SandboxChoice } from './setup.js';
import type { Terminal } from './terminal.js';
import type { Workspace } from './workspace.js';

/** What happened, as `demo --json` prints it. */
export interface ScenarioResult {
  readonly held: boolean;
  readonly sandbox: 'docker' | 'process';
  readonly kills: readonly Answer<unknown>[];
  readonly checks: readonly Check[];
  readonly audit: readonly AuditEntry[];
}

interface ScenarioOptions {
  readonly workspace: Workspace;
  readonly terminal: Terminal;
  readonly sandbox: SandboxChoice;
  /** Throws when the demo is to end; called between any two steps. */
  readonly proceed: () => void;
}

/** Starts agents, kills one, kills all, and checks each result without asking the server. */
export async function runScenario({
  workspace,
  terminal,
  sandbox,
  proceed,
}: ScenarioOptions): Promise<ScenarioResult> {
  const setup = await createSetup(workspace, sandbox, proceed);
  const { client, agents, engine, collector } = setup;
  showSetup(terminal, workspace, setup);
  const [victim, ...others] = [agents[1], agents[0], ...agents.slice(2)] as [DemoAgent, ...DemoAgent[]];
  const show = (checks: readonly Check[]) => showChecks(terminal, workspace, checks);

  proceed();
  terminal.section('Kill one', `POST /agents/${victim.agentId}/kill  (✔: checked without asking the server)`);
  const one = await timed(() => client.kill(victim.agentId, { reason: 'demonstration' }));
  terminal.line(`${one.answer.status} in ${one.ms} ms: ${one.answer.receipt.message}`);
  const parts = agentIn(one.answer.receipt);
  showReceipts(terminal, parts);
  const first = await runChecks(setup, [victim], parts, others);
  show(first);

  proceed();
  terminal.section('Kill all', 'POST /agents/kill-all');
  const all = await timed(() => client.killAll({ reason: 'demonstration' }));
  terminal.line(`${all.answer.status} in ${all.ms} ms: ${all.answer.receipt.message}`);
  showReceipts(terminal, all.answer.receipt.agents);
  const second = await runChecks(setup, others, all.answer.receipt.agents, []);
  show(second);

  proceed();
  terminal.section('Afterwards');
  const third = [
    await refused('without a token', 401, () => setup.unauthenticatedClient.killAll()),
    await refused('the same agent again', 400, () => client.kill(victim.agentId)),
    await refused('its ID once more', 409, () =>
      client.agents.register(victim.agentId, { status: 'running' }),
    ),
  ];
  show(third);

  const audit = collector.audit.filter(({ operation }) => operation.startsWith('KILL'));
  terminal.section('Audit', 'from the server’s log, shortened');
  const shown = audit.filter(({ agentId }) => agentId === undefined || agentId === victim.agentId);
  for (const entry of shown) terminal.line(shortAuditLine(entry));
  terminal.line(
    `and ${audit.length - shown.length} lines on ${others.map(({ agentId }) => agentId).join(', ')}`,
  );
  const checks = [...first, ...second, ...third];
  const kills = [one.answer, all.answer];
  const held = checks.every(check => check.held) && kills.every(({ confirmed }) => confirmed);
  return { held, sandbox: engine ? 'docker' : 'process', kills, checks, audit };
}

async function timed<T>(act: () => Promise<T>): Promise<{ answer: T; ms: number }> {
  const startedAt = performance.now();
  const answer = await act();
  return { answer, ms: Math.round(performance.now() - startedAt) };
}

/** Whether the server refuses the request with this status. */
async function refused(what: string, status: number, act: () => Promise<unknown>): Promise<Check> {
  const error = await act().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ClientError)) return { what: `${what}: not refused`, held: false };
  return { what: `${what}: ${error.status}, ${error.message}`, held: error.status === status };
}

function showSetup(
  terminal: Terminal,
  { directory }: Workspace,
  { url, engine, noEngine, agents }: DemoSetup,
): void {
  terminal.fact('server', `${url}, with the embedded store`);
  terminal.fact('directory', directory);
  terminal.fact(
    'agents',
    engine
      ? `in containers of ${engine.name}, the last one on the host`
      : `host processes (no containers: ${noEngine})`,
  );
  terminal.section('Before', 'each ignores SIGTERM and has unsaved work in its worktree');
  for (const { agentId, runsAs, marks } of agents) {
    terminal.fact(agentId, `${runsAs}, ${marks.length} processes, worktree …/worktrees/${agentId}`);
  }
}

/** The outcomes of each agent, without the path of the worktree, which the checks show. */
function showReceipts(terminal: Terminal, receipts: readonly AgentReceipt[]): void {
  for (const { agentId, outcomes } of receipts) {
    const seen = outcomes.filter(({ outcome }) => outcome !== 'alreadyGone' && outcome !== 'notFound');
    terminal.fact(agentId, seen.map(layer => describeLayer(layer, { paths: false })).join('; '));
  }
}

function showChecks(terminal: Terminal, { directory }: Workspace, checks: readonly Check[]): void {
  for (const { what, held } of checks) terminal.check(what.replace(directory, '…'), held);
}
