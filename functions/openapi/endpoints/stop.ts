import { agentParams } from '../../../lib/client/params.js';
import { killReceipt, receipt } from '../../../lib/client/receipt.js';
import { killAllBodySchema, killBodySchema } from '../../../lib/domain/command.js';
import { type Endpoint, json } from '../endpoint.js';
import * as examples from '../examples.js';

const DONE =
  'Nothing is pending. `verified` says whether its death was seen, and `warnings` what could not be seen or was never seen running.';
const OPEN =
  'Accepted. `outcomes` and `pending` name what is not confirmed yet; the server keeps trying, and the same request sent again tries at once.';

export const stop: readonly Endpoint[] = [
  {
    operationId: 'killAgent',
    method: 'post',
    path: '/agents/{agentId}/kill',
    tag: 'Stop',
    summary: 'Stop one agent',
    description:
      'Marks the agent as killed, stops its container and its processes, checks that they are dead, and moves its worktree into the quarantine. A killed agent never runs again under the same ID. Sent again while something is still pending, the request tries again and answers with the receipt.',
    scope: 'agents:kill',
    params: agentParams,
    body: { schema: killBodySchema, example: { reason: 'it deletes branches' } },
    idempotent: true,
    replies: {
      200: json(DONE, killReceipt, examples.killReceipt),
      202: json(OPEN, killReceipt, examples.openKillReceipt),
    },
    errors: [
      'invalid_agent_id',
      'invalid_state',
      'agent_not_found',
      'container_changed',
      'conflict',
      'idempotency_mismatch',
      // Only for a dry run: a stop does not need the store.
      'store_unavailable',
      'origins_unavailable',
    ],
  },
  {
    operationId: 'killAllAgents',
    method: 'post',
    path: '/agents/kill-all',
    tag: 'Stop',
    summary: 'Stop every active agent, or those selected',
    description:
      'Stops the agents that the selector selects, all of them at once; an absent or empty selector selects every active agent. With `latch` it first engages the emergency stop for the same selector, so that none of them starts again; that also needs the scope `latch:engage`. If an agent cannot be stopped, the others are stopped nevertheless.',
    scope: 'agents:kill-all',
    body: {
      schema: killAllBodySchema,
      example: { reason: "agents delete each other's branches", selector: { taskId: 't1' }, latch: true },
    },
    idempotent: true,
    replies: {
      200: json(DONE, receipt, examples.receipt),
      202: json(OPEN, receipt, examples.openReceipt),
    },
    errors: ['idempotency_mismatch', 'store_unavailable', 'origins_unavailable'],
  },
];
