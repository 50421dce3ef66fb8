import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Client, createClient } from '../../../lib/client/client.js';
import { present } from '../../../lib/util/omit-undefined.js';
import { catalogue } from '../../catalogue.js';
import { environment, mintToken } from '../../node.js';
import { startServer } from '../../server/start.js';
import { type DemoAgent, marksOf } from './agent.js';
import { type Collector, openCollector } from './audit.js';
import type { World } from './checks.js';
import { type DemoEngine, openEngine } from './engine.js';
import { hostAgents } from './host-agents.js';
import { makeRepository } from './repository.js';
import type { Stage } from './workspace.js';

export type SandboxChoice = 'auto' | 'docker' | 'process';

const NAMES = ['planner', 'coder', 'reviewer', 'tester'];
const TOKEN_SECONDS = 600;

/** A server with its agents, all of them real. */
export interface Setting extends World {
  readonly url: string;
  /** With a token for everything that the demonstration does. */
  readonly client: Client;
  /** With none that holds. */
  readonly stranger: Client;
  readonly collector: Collector;
  /** Why the agents do not run in containers. */
  readonly noEngine?: string;
}

/** @param proceed throws when the demonstration is to end; asked between any two steps */
export async function makeSetting(
  stage: Stage,
  sandbox: SandboxChoice,
  proceed: () => void,
): Promise<Setting> {
  proceed();
  const env = environment();
  const engine = await engineFor(stage, sandbox, env['DOCKER_HOST'] || undefined);
  proceed();
  const repository = await makeRepository(stage.directory, env['PATH']);
  proceed();
  const collector = openCollector();
  const secret = randomBytes(32).toString('base64url');
  const isUsed = typeof engine !== 'string';
  // A kill-all reaches whatever carries these, and this may be anybody's engine and host.
  const { label, variable } = marksOf(stage.runId);
  const server = await startServer(catalogue, {
    log: collector.log,
    environment: {
      PORT: '0',
      KILLSWITCH_SECRET: secret,
      KILLSWITCH_STATE_DIR: join(stage.directory, 'state'),
      KILLSWITCH_WORKTREE_ROOTS: repository.worktrees,
      KILLSWITCH_AGENT_LABEL: label,
      KILLSWITCH_AGENT_VARIABLE: variable,
      KILLSWITCH_SANDBOX: isUsed ? 'docker,process' : 'process',
      ...(isUsed && { DOCKER_HOST: env['DOCKER_HOST'] }),
    },
  });
  stage.defer(() => server.close());
  const { url, config } = server;
  const token = await mintToken({
    secret,
    audience: config.audience,
    subject: 'demo',
    scopes: ['agents:write', 'agents:read', 'agents:kill', 'agents:kill-all'],
    ttlSeconds: TOKEN_SECONDS,
  });
  const client = createClient({ url, token });

  const onHost = hostAgents(stage, env['PATH']);
  const agents: DemoAgent[] = [];
  for (const [at, name] of NAMES.entries()) {
    proceed();
    const agentId = `${name}-${stage.runId}`;
    const worktree = await repository.add(agentId);
    const isContained = isUsed && at < NAMES.length - 1;
    const agent = await (isContained ? engine.start : onHost)(agentId, worktree);
    agents.push(agent);
    const { containerId, process } = agent;
    const runs = present({ containerId, process, repository: repository.path, worktreePath: worktree });
    await client.agents.register(agentId, { status: 'running', taskId: 'demo-1', ...runs });
  }
  return {
    url,
    client,
    stranger: createClient({ url, token: 'none' }),
    collector,
    engine: isUsed ? engine : undefined,
    repository,
    agents,
    ...(isUsed ? {} : { noEngine: engine }),
  };
}

/** The engine, or why it is not used. */
async function engineFor(
  stage: Stage,
  sandbox: SandboxChoice,
  dockerHost: string | undefined,
): Promise<DemoEngine | string> {
  if (sandbox === 'process') return 'as asked for';
  try {
    return await openEngine(stage, dockerHost);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'it failed';
    if (sandbox === 'docker') throw new Error(`No containers: ${why}.`, { cause: error });
    return why;
  }
}
