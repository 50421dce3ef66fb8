import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import {
  addWorktree,
  engine,
  git,
  makeRepository,
  startContainer,
  temporaryDirectory,
} from '../services/agents.js';
import { call, type Environment, identityOf, type StoreKind, settings } from '../services/server.js';
import { startSleeper } from '../services/sleepers.js';
import { openStoreOf, type StoreView } from '../services/store.js';

const HOST = 'here';

/** One agent that runs, as far as a test looks at it. */
export interface Subject {
  readonly agentId: string;
  readonly worktreePath: string;
  readonly containerId?: string;
  isAlive(): boolean;
}

/** Where agents run, with a store of their own. */
export interface Scene {
  readonly environment: Environment;
  /** Key of the containers' label: its servers see no other test's containers. */
  readonly label: string;
  readonly store: StoreView;
  readonly repository: string;
  readonly roots: string;
}

export async function openScene(store: StoreKind, more: Environment = {}): Promise<Scene> {
  const roots = temporaryDirectory();
  const label = uniqueId('label');
  const environment = settings(store, {
    KILLSWITCH_WORKTREE_ROOTS: roots,
    KILLSWITCH_HOST_ID: HOST,
    KILLSWITCH_AGENT_LABEL: label,
    ...more,
  });
  const repository = await makeRepository(temporaryDirectory());
  return { environment, label, store: await openStoreOf(environment), repository, roots };
}

/** An ID that no other test uses, also not one that runs at the same time. */
export const uniqueId = (name: string): string => `${name}-${randomBytes(6).toString('hex')}`;

/** Agents with a worktree each, registered as running. */
export async function startSubjects(
  { label, environment, repository, roots }: Scene,
  url: string,
  { containers = 0, processes = 0 }: { readonly containers?: number; readonly processes?: number },
): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (let index = 0; index < containers + processes; index++) {
    const agentId = uniqueId('agent');
    const inContainer = index < containers;
    const worktreePath = await addWorktree(repository, `${roots}/${agentId}`, agentId);
    const common = { status: 'running', repository, worktreePath };
    const container = inContainer ? await startContainer({ agentId, label, processes: 2 }) : undefined;
    const sleeper = inContainer ? undefined : await startSleeper(agentId, identityOf(environment));
    const body = {
      ...common,
      ...(container ? { containerId: container.id } : { process: sleeper?.process }),
    };
    expect((await call(url, 'PUT', `/agents/${agentId}`, { body })).status).toBe(201);
    subjects.push({
      agentId,
      worktreePath,
      ...(container && { containerId: container.id }),
      isAlive: () => (container ? container.pids().length > 0 : sleeper?.isAlive() === true),
    });
  }
  return subjects;
}

/** Resolves when this host owes nothing any more. */
export const untilPaid = ({ store }: Scene): Promise<void> =>
  expect
    .poll(() => store.records.debts(HOST, Number.MAX_SAFE_INTEGER, 1_000), { timeout: 90_000 })
    .toEqual([]);

/** Resolves when the records of these agents say that they are killed and settled. */
export const untilSettled = ({ store }: Scene, subjects: readonly Subject[]): Promise<void> =>
  expect
    .poll(
      async () => {
        const stored = await store.records.agents(subjects.map(({ agentId }) => agentId));
        return stored.filter(({ raw }) => JSON.parse(raw ?? '{}').kill?.confirmedAt).length;
      },
      { timeout: 60_000 },
    )
    .toBe(subjects.length);

/** Whether a command for these agents has left a trace. */
export async function isCommitted({ store }: Scene, since: string): Promise<boolean> {
  const entries = await store.entries({ since });
  return entries.some(({ operation }) => operation === 'KILL_AGENT' || operation === 'KILL_ALL_AGENTS');
}

/** How far a command for these agents has got. */
export async function stageOf(
  { store }: Scene,
  since: string,
): Promise<'untouched' | 'under way' | 'settled'> {
  const kills = (await store.entries({ since })).filter(({ operation }) => operation === 'KILL_AGENT');
  const count = (wanted: string): number => kills.filter(({ phase }) => phase === wanted).length;
  if (count('accepted') === 0) return 'untouched';
  return count('settled') < count('accepted') ? 'under way' : 'settled';
}

/** Every subject is dead, cleared away, and told of once. */
export async function expectKilled(
  { store, repository, label }: Scene,
  subjects: readonly Subject[],
  { since, bulk }: { readonly since: string; readonly bulk: boolean },
): Promise<void> {
  const entries = await store.entries({ since });
  const told = (operation: string, phases: readonly string[], agentId?: string): number =>
    entries.filter(
      one => one.operation === operation && phases.includes(one.phase) && one.agentId === agentId,
    ).length;
  const listed = await engine().listContainers({ all: true, filters: { label: [label] } });
  const stored = await store.records.agents(subjects.map(({ agentId }) => agentId));
  const records = new Map(stored.map(({ agentId, raw }) => [agentId, JSON.parse(raw ?? '{}')]));
  const found = subjects.map(({ agentId, worktreePath, isAlive }) => ({
    agentId,
    alive: isAlive(),
    worktree: existsSync(worktreePath),
    containers: listed.filter(({ Labels }) => Labels[label] === agentId).length,
    status: records.get(agentId)?.status,
    pending: records.get(agentId)?.kill?.pending,
    accepted: told('KILL_AGENT', ['accepted'], agentId),
    settled: told('KILL_AGENT', ['settled'], agentId),
  }));
  const right = {
    alive: false,
    worktree: false,
    containers: 0,
    status: 'killed',
    pending: [],
    accepted: 1,
    settled: 1,
  };
  expect(found).toEqual(subjects.map(({ agentId }) => ({ agentId, ...right })));
  expect((await git(repository, 'worktree', 'list', '--porcelain')).match(/^worktree /gm)).toHaveLength(1);
  if (!bulk) return;
  expect(told('KILL_ALL_AGENTS', ['accepted'])).toBe(1);
  expect(told('KILL_ALL_AGENTS', ['settled', 'unconfirmed'])).toBe(1);
}

/** The audit tells of every kill-all twice: that it was accepted, and how it ended. */
export async function expectEndedOnce({ store }: Scene): Promise<void> {
  const entries = (await store.entries()).filter(({ operation }) => operation === 'KILL_ALL_AGENTS');
  const told = new Map<string | undefined, string[]>();
  for (const { operationId, phase } of entries) {
    told.set(operationId, [...(told.get(operationId) ?? []), phase]);
  }
  expect(told.size).toBeGreaterThan(0);
  const end = expect.stringMatching(/^(settled|unconfirmed)$/);
  expect([...told.values()]).toEqual(Array.from(told, () => ['accepted', end]));
}

/** What the store keeps of every operation since then says that it came to its end. */
export async function expectEnded(
  { store }: Scene,
  url: string,
  { since, killed }: { readonly since: string; readonly killed: number },
): Promise<void> {
  const entries = await store.entries({ since });
  const ids = entries.flatMap(({ operation, operationId }) =>
    operation === 'KILL_ALL_AGENTS' && operationId ? [operationId] : [],
  );
  for (const id of new Set(ids)) {
    const { body } = await call(url, 'GET', `/operations/${id}`);
    expect(body).toMatchObject({ state: 'ended', receipt: { total: killed, killed, failed: 0 } });
  }
}
