import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { engine } from '../../services/containers.js';
import { addWorktree, makeRepository } from '../../services/repositories.js';
import { openStoreOf } from '../../services/store.js';
import { temporaryDirectory } from '../../services/temporary.js';
import { type BenchAgent, registerAgents, rest, startAgents } from '../agents.js';
import type { Measurement } from '../bench.js';
import { docker, idsOf, removeAll } from '../docker.js';
import { removeWorktree } from '../git.js';
import { alternate, type Side, timed } from '../measure.js';
import { type BenchServer, startServer } from '../server.js';

export const SETTLED = '60 agents wholly settled: containers and worktrees gone, audit written';
export const BARE = 'docker rm -f of the 60, nothing else';
const AGENTS = 60;

interface Settled {
  readonly agents: readonly BenchAgent[];
  readonly pathOf: (agent: BenchAgent) => string;
}

/** Throws unless all of it really is as it is said to be. */
async function verify({ agents, pathOf }: Settled, withWorktrees: boolean): Promise<void> {
  const left = new Set((await engine().listContainers({ all: true })).map(({ Id }) => Id));
  if (idsOf(agents).some(id => left.has(id))) throw new Error('A container is still there.');
  if (withWorktrees && agents.some(agent => existsSync(pathOf(agent))))
    throw new Error('A worktree is still there.');
}

async function verifyAudit({ environment }: BenchServer, agents: readonly BenchAgent[]): Promise<void> {
  const settled = new Set<string | undefined>();
  for (const { phase, agentId } of await (await openStoreOf(environment)).entries())
    if (phase === 'settled') settled.add(agentId);
  const missing = agents.filter(({ agentId }) => !settled.has(agentId));
  if (missing.length > 0) throw new Error(`${missing.length} of the agents have no audit entry.`);
}

export const settled: Measurement = {
  name: 'settled',
  about: '60 agents until containers are removed, worktrees in quarantine and the audit is written',
  async run(bench) {
    const roots = temporaryDirectory();
    const repository = await makeRepository(join(roots, 'repository'));
    const trees = join(roots, 'worktrees');
    const server = await startServer({ more: { KILLSWITCH_WORKTREE_ROOTS: roots } });
    const pathOf = ({ agentId }: BenchAgent): string => join(trees, agentId);

    const side = (
      name: string,
      settle: (agents: readonly BenchAgent[]) => Promise<unknown>,
      { ours = false, worktrees = true } = {},
    ): Side => ({
      name,
      async once() {
        const agents = await startAgents(AGENTS, ours ? server : undefined);
        for (const agent of agents) await addWorktree(repository, pathOf(agent), agent.agentId);
        if (ours)
          await registerAgents(server, agents, agent => ({ repository, worktreePath: pathOf(agent) }));
        await rest(AGENTS);
        const took = await timed(() => settle(agents));
        await verify({ agents, pathOf }, worktrees);
        if (ours) await verifyAudit(server, agents);
        await removeAll(agents);
        return took;
      },
    });
    const forget = (agent: BenchAgent): Promise<unknown> => removeWorktree(repository, pathOf(agent));

    const sides = [
      side(
        'killswitch',
        async () => {
          const { status, text } = await server.ask('POST', '/agents/kill-all', {});
          if (status !== 200) throw new Error(`Not all was settled: ${text.slice(0, 300)}`);
        },
        { ours: true },
      ),
      side(BARE, agents => docker('rm', '-f', ...idsOf(agents)), { worktrees: false }),
      side('docker rm -f, then git worktree remove, concurrently', async agents => {
        await docker('rm', '-f', ...idsOf(agents));
        await Promise.all(agents.map(forget));
      }),
      side('docker rm -f and git worktree remove, one by one', async agents => {
        for (const agent of agents) {
          await docker('rm', '-f', agent.container.id);
          await forget(agent);
        }
      }),
    ];
    const series = await alternate(sides, { runs: bench.runs(3), warmUps: 0 });
    await server.end();
    return [{ measurement: 'settled', title: SETTLED, series }];
  },
};
