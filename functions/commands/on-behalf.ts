import * as z from 'zod';
import type { Commands, CommandsFor } from '../../lib/client/commands.js';
import { toClientError } from '../../lib/client/error.js';
import { operationPath } from '../../lib/client/paths.js';
import { agentIdSchema } from '../../lib/domain/agent.js';
import { toProblem } from '../../lib/domain/errors.js';
import type { Log } from '../../lib/ports/runtime.js';
import {
  type ApiRequest,
  engageLatchRequest,
  killAllRequest,
  killRequest,
  resetLatchRequest,
} from '../../lib/triggers/api-request.js';
import { utf8 } from '../../lib/util/crypto.js';
import { MAX_BODY_BYTES, tooLarge } from '../http/body-size.js';
import { reportFailure } from '../http/report-failure.js';
import { throttleLog } from '../http/throttle-log.js';
import { checked } from '../http/validate.js';
import { checkedBody } from './checked-body.js';
import type { Executor } from './executor.js';
import { commandsIn } from './in-process.js';

const agentSchema = z.object({ agentId: agentIdSchema });

function limitBody({ body = {} }: ApiRequest): void {
  if (utf8(JSON.stringify(body)).byteLength > MAX_BODY_BYTES) throw tooLarge(MAX_BODY_BYTES);
}

/**
 * The commands for triggers, in the name of an actor that a platform vouches for. Each is a request with its own ID,
 * checked, logged and audited like one over HTTP, and rejects with the same problems.
 */
export function createCommandsFor({ log, ...parts }: Executor & { readonly log: Log }): CommandsFor {
  const executor: Executor = { ...parts, checked: checkedBody };
  const { core, newId } = executor;
  const throttled = throttleLog(log, { now: () => Date.now() });

  return actor => {
    async function attempt<T>(request: ApiRequest, carryOut: (commands: Commands) => Promise<T>): Promise<T> {
      const requestId = newId();
      try {
        limitBody(request);
        return await carryOut(commandsIn(executor, { actor, requestId }));
      } catch (error) {
        reportFailure({ core, log: throttled }, error, { ...request, actor, requestId });
        const problem = toProblem(error, requestId);
        throw toClientError(problem.status, problem);
      }
    }
    return {
      kill: (agentId, body, options) =>
        attempt(killRequest(agentId, body), commands => {
          checked(agentSchema, { agentId }, 'invalid_agent_id');
          return commands.kill(agentId, body, options);
        }),
      killAll: (body, options) => attempt(killAllRequest(body), commands => commands.killAll(body, options)),
      latch: {
        status: () => attempt({ method: 'GET', path: '/latch' }, ({ latch }) => latch.status()),
        engage: (body, options) =>
          attempt(engageLatchRequest(body), ({ latch }) => latch.engage(body, options)),
        reset: (body, options) => attempt(resetLatchRequest(body), ({ latch }) => latch.reset(body, options)),
      },
      operation: operationId =>
        attempt({ method: 'GET', path: operationPath(operationId) }, commands =>
          commands.operation(operationId),
        ),
      agents: {
        list: query => attempt({ method: 'GET', path: '/agents' }, ({ agents }) => agents.list(query)),
      },
    };
  };
}
