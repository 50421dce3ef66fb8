import type { z } from 'zod';
import { engageLatch } from '../../lib/agents/engage-latch.js';
import { lookAtLatch } from '../../lib/agents/latch.js';
import { resetLatch } from '../../lib/agents/reset-latch.js';
import type { Client, KillReceipt } from '../../lib/client/client.js';
import { type Actor, scopes } from '../../lib/domain/actor.js';
import {
  type Command,
  engageBodySchema,
  killAllBodySchema,
  killBodySchema,
  resetBodySchema,
} from '../../lib/domain/command.js';
import type { Receipt } from '../../lib/domain/outcome.js';
import type { Log } from '../../lib/ports/runtime.js';
import { present } from '../../lib/util/omit-undefined.js';
import { killReceipt, latchAnswer, statusOf } from '../http/answer.js';
import type { Node } from '../node.js';
import { userName } from './credential.js';
import { UsageError, warn } from './output.js';
import { tellStore } from './tell-store.js';

/** Nobody goes on with the work when this process has ended, so it is waited for. */
const TO_THE_END = { answerWithinMs: 600_000 };

/** What the commands can ask of a server, and of this host without one. */
export type Target = Pick<Client, 'kill' | 'killAll' | 'latch'>;

/** Standard output is for the answer; controls that an agent put into a name are made visible on the way. */
export const log: Log = {
  info: () => undefined,
  warn: (entry, msg) => warn(JSON.stringify({ level: 'warn', ...entry, msg })),
  error: (entry, msg) => {
    const { err } = entry as { err?: unknown };
    const because = err instanceof Error ? { err: err.message } : {};
    warn(JSON.stringify({ level: 'error', ...entry, ...because, msg }));
  },
};

/** Works with the core in this process: whoever may open the state directory and the engine may do everything anyway. */
export async function withNode<T>(work: (node: Node, actor: Actor) => Promise<T>): Promise<T> {
  const [{ environment, openNode }, { readConfig }] = await Promise.all([
    import('../node.js'),
    import('../server/read-environment.js'),
  ]);
  const config = readConfig(environment(), { dev: true });
  const node = await openNode(config, log, { storeless: true });
  const tellWhetherEmpty = tellStore(config, node.core.audit);
  const actor: Actor = {
    kind: 'local',
    subject: `local:${userName()}`,
    scopes: new Set(scopes),
    within: {},
    source: 'local',
  };
  try {
    return await work(node, actor);
  } finally {
    await tellWhetherEmpty();
    await node.close();
    // A connection that nobody closes must not keep the process alive.
    setTimeout(() => process.exit(), 1_000).unref();
  }
}

function checked<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const { data, error } = schema.safeParse(body);
  if (data !== undefined) return data;
  throw new UsageError(
    `${error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}.`,
  );
}

const answerOf = <R extends { readonly verified: boolean }>(receipt: Receipt, shown: R) => {
  const status = statusOf(receipt);
  return { status, confirmed: status === 200 && shown.verified, receipt: shown };
};

/** The same commands, carried out by this process on this host. */
export function localTarget({ core, stop }: Node, actor: Actor): Target {
  const common = () => ({ operationId: core.newId(), actor });
  return {
    async kill(agentId, body = {}) {
      const order = present(checked(killBodySchema, body));
      const command: Command = { ...order, ...common(), type: 'kill', agentId };
      const receipt = await stop.stop(command, TO_THE_END);
      return answerOf(receipt, killReceipt(receipt) as KillReceipt);
    },
    async killAll(body = {}) {
      const { selector = {}, ...order } = present(checked(killAllBodySchema, body));
      const command: Command = { ...order, ...common(), type: 'kill-all', selector };
      const receipt = await stop.stop(command, TO_THE_END);
      return answerOf(receipt, receipt);
    },
    latch: {
      status: async () => latchAnswer(await lookAtLatch(core, actor)),
      engage: async (body = {}) =>
        latchAnswer(await engageLatch(core, { ...common(), ...present(checked(engageBodySchema, body)) })),
      reset: async body =>
        latchAnswer(await resetLatch(core, { ...common(), ...checked(resetBodySchema, body) })),
    },
  };
}
