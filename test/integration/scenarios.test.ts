import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { openNode } from '../../functions/node.js';
import { readConfig } from '../../functions/server/read-environment.js';
import { scenarios } from '../conformance/scenarios.js';
import { fakeLog } from '../fakes/log.js';
import { addWorktree, makeRepository, startContainer, temporaryDirectory } from '../services/agents.js';
import { settings, storeKinds } from '../services/server.js';

for (const store of storeKinds) {
  scenarios(`a real engine, real git and ${store}`, async () => {
    // Every scenario names its agents alike: a label of its own keeps them apart.
    const label = `test.scenario-${crypto.randomUUID()}`;
    const roots = temporaryDirectory();
    const repository = await makeRepository(temporaryDirectory());
    const more = {
      KILLSWITCH_AGENT_LABEL: label,
      KILLSWITCH_WORKTREE_ROOTS: roots,
      KILLSWITCH_SANDBOX: 'docker',
    };
    const node = await openNode(readConfig(settings(store, more)), fakeLog());
    const { core } = node;
    return {
      core,
      close: async () => expect(await node.close()).toEqual([]),
      async agent(agentId, { status = 'running', container = true, worktree = true, members = {} } = {}) {
        const started = container ? await startContainer({ agentId, label, processes: 3 }) : undefined;
        const worktreePath = worktree
          ? await addWorktree(repository, `${roots}/${agentId}`, agentId)
          : undefined;
        const record = {
          agentId,
          status,
          ...(started && { containerId: started.id }),
          ...(worktreePath && { repository, worktreePath }),
          ...members,
        };
        const document = { kind: 'agent', id: agentId } as const;
        const active = status === 'running' || status === 'spawning';
        await core.records.commit([
          { document, expect: null, next: JSON.stringify(record), active, audit: [] },
        ]);
        return {
          agentId,
          isAlive: async () => (started?.pids().length ?? 0) > 0,
          hasWorktree: async () => worktreePath !== undefined && existsSync(worktreePath),
        };
      },
    };
  });
}
