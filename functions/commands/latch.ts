import { engageLatch } from '../../lib/agents/engage-latch.js';
import { findLatch, getLatch } from '../../lib/agents/latch.js';
import { resetLatch } from '../../lib/agents/reset-latch.js';
import type { Commands } from '../../lib/client/commands.js';
import type { Actor } from '../../lib/domain/actor.js';
import { authorize } from '../../lib/domain/authorize.js';
import { engageBodySchema, resetBodySchema } from '../../lib/domain/command.js';
import type { Core } from '../../lib/ports/core.js';
import { checkKey, digest } from '../../lib/store/idempotency.js';
import { markUsed } from '../../lib/store/single-use.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';
import { latchAnswer } from '../http/answer.js';
import type { Executor } from './executor.js';

/** Seconds. */
const KEPT = 24 * 3_600;

const engageKey = async ({ subject }: Actor, key: string): Promise<string> => {
  checkKey(key);
  return `engage:${await digest(subject, key)}`;
};

/** Whether it was engaged with this key before; `false` if the store does not answer, because engaging twice is harmless. */
async function wasEngaged({ records }: Core, id: string): Promise<boolean> {
  const [found] = await records.read([{ kind: 'memory', id }]).catch(() => []);
  return typeof found === 'string';
}

interface Order {
  readonly operationId: string;
  readonly actor: Actor;
  readonly requestId?: string;
}

/** @param common makes the members that every order has, with a new operation ID each time */
export function latchCommands(
  { core, wake, checked }: Pick<Executor, 'core' | 'wake'> & Required<Pick<Executor, 'checked'>>,
  { actor, common }: { readonly actor: Actor; readonly common: () => Order },
): Commands['latch'] {
  return {
    status: async () => latchAnswer(await getLatch(core, actor), actor.within),
    async engage(body = {}, { idempotencyKey: key } = {}) {
      const engaging = omitUndefined(checked(engageBodySchema, body));
      const order = common();
      authorize(actor, 'latch:engage');
      const id = key === undefined ? undefined : await engageKey(actor, key);
      // A retry, or a replayed request, must not undo a reset.
      if (id !== undefined && (await wasEngaged(core, id))) {
        return latchAnswer((await findLatch(core)).latch, actor.within);
      }
      const engaged = await engageLatch(core, { ...order, ...engaging });
      wake?.();
      if (id !== undefined) await markUsed(core.records, id, KEPT);
      return latchAnswer(engaged, actor.within);
    },
    async reset(body, { idempotencyKey: key } = {}) {
      const resetting = checked(resetBodySchema, body);
      return latchAnswer(await resetLatch(core, { ...common(), ...resetting, ...omitUndefined({ key }) }));
    },
  };
}
