import { expect } from 'vitest';
import { catalogue } from '../../functions/catalogue.js';
import { startServer } from '../../functions/server/start.js';
import type { Log } from '../../lib/ports/runtime.js';
import {
  addWorktree,
  makeRepository,
  startContainer,
  startProcess,
  temporaryDirectory,
} from '../services/agents.js';
import { afterFile } from '../services/registry.js';
import { call, type Environment, identityOf, type StoreKind, settings } from '../services/server.js';

/** A log whose entries a test can look at. */
function collectingLog(): Log & { readonly entries: (Record<string, unknown> & { level: string })[] } {
  const entries: (Record<string, unknown> & { level: string })[] = [];
  const note = (level: string) => (entry: object, msg: string) => void entries.push({ ...entry, level, msg });
  return { entries, warn: note('warn'), error: note('error'), info: note('info') };
}

/** A whole killswitch in this process, on real parts. */
export async function openWorld(store: StoreKind, more: Environment = {}) {
  const worktrees = temporaryDirectory();
  const environment = settings(store, { KILLSWITCH_WORKTREE_ROOTS: worktrees, ...more });
  const log = collectingLog();
  const server = await startServer(catalogue, { environment, log });
  const close = async (): Promise<void> => expect(await server.close()).toEqual([]);
  afterFile(close);
  const repository = await makeRepository(temporaryDirectory());
  const identity = identityOf(environment);
  let count = 0;

  return {
    url: server.url,
    identity,
    environment,
    log,
    repository,
    close,
    request: (method: string, path: string, options: Parameters<typeof call>[3] = {}) =>
      call(server.url, method, path, options),
    /** Registers an agent with what is given; `worktree` makes a real one. */
    async agent({ worktree = false, ...members }: { worktree?: boolean } & Record<string, unknown> = {}) {
      const agentId = `agent-${process.pid}-${Date.now()}-${count++}`;
      const worktreePath = worktree
        ? await addWorktree(repository, `${worktrees}/${agentId}`, agentId)
        : undefined;
      const record = { status: 'running', ...(worktreePath && { repository, worktreePath }), ...members };
      const register = (extra: object = {}) =>
        call(server.url, 'PUT', `/agents/${agentId}`, { body: { ...record, ...extra } });
      /** Sends it again, as a client does, where a busy machine had the store out of reach for a moment. */
      const registered = (extra: object = {}): Promise<void> =>
        expect.poll(async () => (await register(extra)).status).toBeOneOf([200, 201]);
      return { agentId, worktreePath, register, registered };
    },
    /** A registered agent in a container. */
    async containerAgent(options: { worktree?: boolean } & Record<string, unknown> = {}) {
      const agent = await this.agent(options);
      const container = await startContainer({ agentId: agent.agentId, label: identity.label });
      await agent.registered({ containerId: container.id });
      return { ...agent, container };
    },
    /** A registered agent that is a process tree. */
    async processAgent(options: { worktree?: boolean } & Record<string, unknown> = {}) {
      const agent = await this.agent(options);
      const tree = await startProcess({ agentId: agent.agentId, variable: identity.variable });
      await agent.registered({ process: { pid: tree.pid, startTime: tree.startTime } });
      return { ...agent, tree };
    },
  };
}
