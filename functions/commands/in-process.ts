import { list } from '../../lib/agents/list.js';
import type { Commands } from '../../lib/client/commands.js';
import type { AgentRecord, AgentRecords, Answer, KillReceipt } from '../../lib/client/responses.js';
import type { Actor } from '../../lib/domain/actor.js';
import { type Command, killAllBodySchema, killBodySchema } from '../../lib/domain/command.js';
import type { Receipt } from '../../lib/domain/outcome.js';
import { digest } from '../../lib/store/idempotency.js';
import { type ApiRequest, killAllRequest, killRequest } from '../../lib/triggers/api-request.js';
import { utf8 } from '../../lib/util/crypto.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';
import { killReceipt, statusOf } from '../http/answer.js';
import type { Caller, Executor } from './executor.js';
import { stopOnce } from './idempotent-stop.js';
import { latchCommands } from './latch.js';
import { operationStatus } from './operation-status.js';

const fingerprintOf = ({ method, path, body }: ApiRequest, { within }: Actor): Promise<string> =>
  digest(method, path, utf8(JSON.stringify(body)), JSON.stringify(within));

const answerOf = <R extends { readonly verified: boolean }>(receipt: Receipt, shown: R): Answer<R> => {
  const status = statusOf(receipt);
  return { status, confirmed: status === 200 && shown.verified, receipt: shown };
};

/** The commands, carried out in this process. They reject with what the core throws, such as a `KillswitchError`. */
export function commandsIn(executor: Executor, caller: Caller): Commands {
  const { core, stop, answerWithinMs, checked = (_, body) => body as never } = executor;
  const { actor, requestId } = caller;
  const common = () => omitUndefined({ operationId: executor.newId(), actor, requestId });

  async function carryOut(command: Command, request: ApiRequest): Promise<Receipt> {
    const { fingerprint = () => fingerprintOf(request, actor) } = caller;
    const once = request.key === undefined ? undefined : { key: request.key, fingerprint };
    return stopOnce({ core, stop }, command, once, omitUndefined({ answerWithinMs }));
  }

  return {
    async kill(agentId, body = {}, { idempotencyKey: key } = {}) {
      const order = omitUndefined(checked(killBodySchema, body));
      const command: Command = { ...order, type: 'kill', agentId, ...common() };
      const receipt = await carryOut(command, killRequest(agentId, body, key));
      return answerOf<KillReceipt>(receipt, killReceipt(receipt));
    },
    async killAll(body = {}, { idempotencyKey: key } = {}) {
      const { selector = {}, ...order } = omitUndefined(checked(killAllBodySchema, body));
      const command: Command = { ...order, type: 'kill-all', selector, ...common() };
      const stopping = carryOut(command, killAllRequest(body, key));
      if (order.latch) executor.wake?.();
      const receipt = await stopping;
      return answerOf(receipt, receipt);
    },
    latch: latchCommands({ ...executor, checked }, { actor, common }),
    operation: operationId => operationStatus(executor, actor, operationId),
    agents: {
      async list({ cursor, limit = 100, ...selector } = {}) {
        const page = await list(core, actor, omitUndefined({ selector, cursor, limit }));
        const agents = page.agents.map(text => JSON.parse(text) as AgentRecord);
        return omitUndefined<AgentRecords>({ agents, cursor: page.cursor });
      },
    },
  };
}
