import type { Status } from '../../lib/domain/agent.js';
import type { KillAllCommand, KillCommand } from '../../lib/domain/command.js';
import { createPresence } from '../../lib/domain/presence.js';
import { createRecentKills } from '../../lib/domain/recent-kills.js';
import type { Core } from '../../lib/ports/core.js';
import type { StoredAgent } from '../../lib/ports/records.js';
import { createReconcile } from '../../lib/reconcile/reconcile.js';
import { createInFlight } from '../../lib/stop/in-flight.js';
import type { AgentKill } from '../../lib/stop/kill-agent.js';
import { createStop, type Stop } from '../../lib/stop/stop.js';
import { actorWith } from './authenticator.js';
import { type FakeClock, fakeClock } from './clock.js';
import { type FakeJournal, fakeJournal } from './journal.js';
import { fakeLog } from './log.js';
import { type FakeRecords, fakeRecords } from './records.js';
import { type FakeSandbox, fakeSandbox } from './sandbox.js';
import { signing } from './signing.js';
import { type FakeWorktrees, fakeWorktrees } from './worktrees.js';

export interface AgentOptions {
  readonly status?: Status;
  /** Whether it runs in a container that its record names; true unless told. */
  readonly container?: boolean;
  readonly worktree?: boolean;
  /** More members of its record. */
  readonly members?: Readonly<Record<string, unknown>>;
}

export interface BenchAgent {
  readonly agentId: string;
  /** Asked of the system itself and not of the sandbox port. */
  isAlive(): Promise<boolean>;
  hasWorktree(): Promise<boolean>;
}

export interface FakeCore {
  readonly core: Core;
  readonly store: FakeRecords;
  readonly containers: FakeSandbox;
  readonly processes: FakeSandbox;
  readonly trees: FakeWorktrees;
  readonly journal: FakeJournal;
  readonly clock: FakeClock;
  readonly log: ReturnType<typeof fakeLog>;
  /** Starts an agent, lays its worktree and registers it. */
  agent(agentId: string, options?: AgentOptions): Promise<BenchAgent>;
  stored(agentId: string): Promise<StoredAgent | undefined>;
  /** What its record says. */
  record(agentId: string): Promise<Record<string, unknown>>;
}

/** Everything that the core works with, in memory. No deadline is near unless `over` brings it there. */
export function fakeCore({
  limits,
  ...over
}: Partial<Omit<Core, 'limits'>> & { limits?: Partial<Core['limits']> } = {}): FakeCore {
  const clock = fakeClock();
  const log = fakeLog();
  const store = fakeRecords({ now: clock.now });
  const [containers, processes] = [fakeSandbox(), fakeSandbox({ kind: 'process' })];
  const trees = fakeWorktrees();
  const journal = fakeJournal();
  let ids = 0;
  const core: Core = {
    hostId: 'h1',
    records: store.records,
    audit: store.audit,
    sandboxes: [containers, processes],
    scanners: [containers, processes],
    worktrees: trees.worktrees,
    journal,
    recordCache: new Map(),
    recentKills: createRecentKills(),
    ...signing,
    isAlone: () => true,
    presence: createPresence(),
    newId: () => `own-${++ids}`,
    clock,
    log,
    ...over,
    limits: { respondMs: 10_000, killMs: 10_000, cleanupMs: 10_000, ...limits },
  };
  const stored = async (agentId: string): Promise<StoredAgent | undefined> =>
    (await store.records.agents([agentId]))[0];

  return {
    core,
    store,
    containers,
    processes,
    trees,
    journal,
    clock,
    log,
    stored,
    async agent(agentId, { status = 'running', container = true, worktree = true, members = {} } = {}) {
      const spawned = container ? containers.spawn(agentId) : undefined;
      const worktreePath = `/worktrees/${agentId}`;
      if (worktree) trees.standing.add(worktreePath);
      const next = JSON.stringify({
        agentId,
        status,
        taskId: 't1',
        ...(spawned && { containerId: spawned.target.id }),
        ...(worktree && { repository: '/repositories/app', worktreePath }),
        ...members,
      });
      const active = status === 'spawning' || status === 'running';
      await store.records.commit([
        { document: { kind: 'agent', id: agentId }, expect: null, next, active, audit: [] },
      ]);
      return {
        agentId,
        isAlive: async () => (await spawned?.isRunning()) ?? false,
        hasWorktree: async () => trees.standing.has(worktreePath),
      };
    },
    async record(agentId) {
      return JSON.parse((await stored(agentId))?.raw ?? 'null') as Record<string, unknown>;
    },
  };
}

/** The kill of an agent by its label alone. */
export const byLabel = (agentId: string): AgentKill => ({
  agent: { agentId },
  operationId: 'op',
  actor: actorWith(),
  graceMs: 0,
  startedAt: 0,
  isRecorded: false,
});

/** A stop as one process has it. */
export const stopOn = (core: Core): Stop => createStop(core, createInFlight(core));

/** What a process does that has just been started: looks at everything once. */
export async function startOn(core: Core): Promise<void> {
  const inFlight = createInFlight(core);
  const reconcile = createReconcile(core, inFlight, createStop(core, inFlight));
  await reconcile.start();
  await reconcile.close();
}

let operations = 0;
const common = () => ({ operationId: `op-${++operations}`, actor: actorWith() });

/** An order to stop one agent, under an operation ID of its own. */
export const killOf = (agentId: string, more: Partial<KillCommand> = {}): KillCommand => ({
  ...common(),
  type: 'kill',
  agentId,
  ...more,
});

/** An order to stop every active agent, under an operation ID of its own. */
export const killAllOf = (more: Partial<KillAllCommand> = {}): KillAllCommand => ({
  ...common(),
  type: 'kill-all',
  selector: {},
  ...more,
});
