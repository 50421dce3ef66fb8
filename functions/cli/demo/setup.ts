import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Client, createClient } from '../../../lib/client/client.js';
import { omitUndefined } from '../../../lib/util/omit-undefined.js';
import { catalogue } from '../../catalogue.js';
import { environment, mintToken } from '../../node.js';
import { startServer } from '../../server/start.js';
import { type DemoAgent, marksOf } from './agent.js';
import { type AuditCollector, createAuditCollector } from './audit.js';
import type { DemoState } from './checks.js';
import { connectEngine, type DemoEngine } from './engine.js';
import { createHostAgents } from './host-agents.js';
import { makeRepository } from './repository.js';
import type { Workspace } from './workspace.js';

export type SandboxChoice = 'auto' | 'docker' | 'process';

const NAMES = ['planner', 'coder', 'reviewer', 'tester'];
const TOKEN_SECONDS = 600;

/** A running server and running agents. */
export interface DemoSetup extends DemoState {
  readonly url: string;
  /** Has a token for everything that the demo does. */
  readonly client: Client;
  /** Its token is not valid. */
  readonly unauthenticatedClient: Client;
  readonly collector: AuditCollector;
  /** Why the agents do not run in containers. */
  readonly noEngine?: string;
}

/** @param proceed throws when the demo is to end; called between any two steps */
export async function createSetup(
  workspace: Workspace,
  sandbox: SandboxChoice,
  proceed: () => void,
): Promise<DemoSetup> {
  proceed();
  const env = environment();
  const engine = await engineFor(workspace, sandbox, env['DOCKER_HOST'] || undefined);
  proceed();
  const repository = await makeRepository(workspace.directory, env['PATH']);
  proceed();
  const collector = createAuditCollector();
  const secret = randomBytes(32).toString('base64url');
  const usesEngine = typeof engine !== 'string';
  // A kill-all stops everything that carries these, and other agents may run on this engine and host.
  const { label, variable } = marksOf(workspace.runId);
  const server = await startServer(catalogue, {
    log: collector.log,
    environment: {
      PORT: '0',
      KILLSWITCH_SECRET: secret,
      KILLSWITCH_STATE_DIR: join(workspace.directory, 'state'),
      KILLSWITCH_WORKTREE_ROOTS: repository.worktrees,
      KILLSWITCH_AGENT_LABEL: label,
      KILLSWITCH_AGENT_VARIABLE: variable,
      KILLSWITCH_SANDBOX: usesEngine ? 'docker,process' : 'process',
      ...(usesEngine && { DOCKER_HOST: env['DOCKER_HOST'] }),
    },
  });
  workspace.defer(() => server.close());
  const { url, config } = server;
  const token = await mintToken({
    secret,
    audience: config.audience,
    subject: 'demo',
    scopes: ['agents:write', 'agents:read', 'agents:kill', 'agents:kill-all'],
    ttlSeconds: TOKEN_SECONDS,
  });
  const client = createClient({ url, token });

  const onHost = createHostAgents(workspace, env['PATH']);
  const agents: DemoAgent[] = [];
  for (const [at, name] of NAMES.entries()) {
    proceed();
    const agentId = `${name}-${workspace.runId}`;
    const worktree = await repository.add(agentId);
    const isContained = usesEngine && at < NAMES.length - 1;
    const agent = await (isContained ? engine.start : onHost)(agentId, worktree);
    agents.push(agent);
    const { containerId, process } = agent;
    const runs = omitUndefined({ containerId, process, repository: repository.path, worktreePath: worktree });
    await client.agents.register(agentId, { status: 'running', taskId: 'demo-1', ...runs });
  }
  return {
    url,
    client,
    unauthenticatedClient: createClient({ url, token: 'none' }),
    collector,
    engine: usesEngine ? engine : undefined,
    repository,
    agents,
    ...(usesEngine ? {} : { noEngine: engine }),
  };
}

/** The engine, or the reason why it is not used. */
async function engineFor(
  workspace: Workspace,
  sandbox: SandboxChoice,
  dockerHost: string | undefined,
): Promise<DemoEngine | string> {
  if (sandbox === 'process') return 'as requested';
  try {
    return await connectEngine(workspace, dockerHost);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'it failed';
    if (sandbox === 'docker') throw new Error(`No containers: ${why}.`, { cause: error });
    return why;
  }
}
