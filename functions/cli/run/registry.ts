import { get } from '../../../lib/agents/list.js';
import { register } from '../../../lib/agents/register.js';
import { transition } from '../../../lib/agents/transition.js';
import type { AgentRecord, Client, LatchStatus } from '../../../lib/client/client.js';
import type { Scope } from '../../../lib/domain/actor.js';
import { type Registration, registrationSchema, type Transition } from '../../../lib/domain/agent.js';
import type { Log } from '../../../lib/ports/runtime.js';
import { checkedBody } from '../../commands/checked-body.js';
import type { Node } from '../../node.js';
import { describeStore } from '../announce-store.js';
import { connect, connectIfAnswered, type Whereabouts } from '../connect.js';
import { localActor, localCommands, log } from '../local.js';

/** Where one agent is registered: at a server, or by this process in the store of this host. */
export interface Registry {
  /** The store in words, where no server is asked. */
  readonly store?: string;
  register(registration: Registration): Promise<void>;
  change(change: Transition): Promise<void>;
  record(): Promise<AgentRecord>;
  latch(): Promise<LatchStatus>;
  /** Resolves when the stop was accepted; the agent may not be dead yet. */
  kill(reason: string): Promise<void>;
}

export interface RegistryOptions extends Whereabouts {
  readonly local?: true;
}

/** Milliseconds. At the end of a command a person waits for it. */
const PATIENCE = 10_000;

/**
 * Asks the server that was named, or the one that answers on this host, or else the store itself.
 * @throws Error in a clear sentence if a server was named or answers, and there is no credential for it
 */
export async function openRegistry(
  agentId: string,
  { local, ...where }: RegistryOptions,
  { mayKill }: { readonly mayKill: boolean },
): Promise<Registry> {
  const scope: Scope[] = ['agents:write', 'agents:read', ...(mayKill ? (['agents:kill'] as const) : [])];
  const needs = { scope, within: { agentId }, timeoutMs: PATIENCE };
  const client = local ? undefined : await connectIfAnswered(where, needs);
  if (!client) return inStore(agentId);
  // With a credential for one agent the emergency stop is shown without its selection and its reason.
  const reader = await connect(where, { scope: 'agents:read', timeoutMs: PATIENCE });
  return atServer(client, reader, agentId);
}

const atServer = ({ agents, kill }: Client, { latch }: Client, agentId: string): Registry => ({
  register: async body => void (await agents.register(agentId, body)),
  change: async body => void (await agents.transition(agentId, body)),
  record: () => agents.get(agentId),
  latch: () => latch.status(),
  kill: async reason => void (await kill(agentId, { reason })),
});

/** The audit has what is written; standard error is the agent's. */
const quiet: Log = { ...log, warn: () => undefined };

async function inStore(agentId: string): Promise<Registry> {
  const [{ environment, openNode }, { readConfig }] = await Promise.all([
    import('../../node.js'),
    import('../../server/read-environment.js'),
  ]);
  const config = readConfig(environment(), { dev: true });
  const actor = localActor();
  /** The agent may run for days: nothing is kept open meanwhile. */
  const withNode = async <T>(work: (node: Node) => Promise<T>, toStop = false): Promise<T> => {
    const sandboxes = toStop ? config.sandboxes : { docker: false, process: false };
    const node = await openNode({ ...config, sandboxes }, quiet, { storeless: toStop });
    try {
      return await work(node);
    } finally {
      await node.close(PATIENCE);
    }
  };
  return {
    store: describeStore(config),
    async register(body) {
      const registration = checkedBody(registrationSchema, body);
      await withNode(({ core }) => register(core, actor, agentId, registration));
    },
    change: async body => void (await withNode(({ core }) => transition(core, actor, agentId, body))),
    record: () => withNode(async ({ core }) => JSON.parse(await get(core, actor, agentId)) as AgentRecord),
    latch: () => withNode(node => localCommands(node, actor).latch.status()),
    kill: async reason =>
      void (await withNode(node => localCommands(node, actor).kill(agentId, { reason }), true)),
  };
}
