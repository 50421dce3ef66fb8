import { setTimeout as delay } from 'node:timers/promises';
import { type AgentContainer, startContainer } from '../services/containers.js';
import type { BenchServer } from './server.js';

export interface BenchAgent {
  readonly agentId: string;
  readonly container: AgentContainer;
  readonly worktreePath?: string;
}

const PROCESSES = 11;
/** Starting is not what is measured; more at a time would not be faster. */
const AT_A_TIME = 6;
const SETTLE_MS = 300;
let count = 0;

/** Agents in containers of 11 processes that ignore SIGTERM; those of a server carry its label. */
export async function startAgents(size: number, server?: BenchServer): Promise<BenchAgent[]> {
  const agents: BenchAgent[] = [];
  const names = Array.from({ length: size }, () => `bench-${process.pid}-${count++}`);
  const label = server?.environment['KILLSWITCH_AGENT_LABEL'] ?? 'killswitch.bench';
  const worker = async (): Promise<void> => {
    for (let agentId = names.pop(); agentId !== undefined; agentId = names.pop()) {
      const container = await startContainer({ agentId, label, processes: PROCESSES });
      agents.push({ agentId, container });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return agents;
}

/** Tells a server of them. What else it does about them, such as finding their cgroups, is done afterwards. */
export async function registerAgents(
  server: BenchServer,
  agents: readonly BenchAgent[],
  more: (agent: BenchAgent) => object = () => ({}),
): Promise<void> {
  for (const agent of agents) {
    const record = { status: 'running', containerId: agent.container.id, ...more(agent) };
    const { status, text } = await server.ask('PUT', `/agents/${agent.agentId}`, record);
    if (status >= 300) throw new Error(`An agent was not registered: ${text}`);
  }
}

/** Lets the engine and the servers come to rest. */
export const rest = (size: number): Promise<void> => delay(SETTLE_MS + 15 * size);

export const pidsOf = (agents: readonly BenchAgent[]): number[] =>
  agents.flatMap(({ container }) => {
    const pids = container.pids();
    if (pids.length !== PROCESSES) throw new Error(`An agent has ${pids.length} processes.`);
    return pids;
  });
