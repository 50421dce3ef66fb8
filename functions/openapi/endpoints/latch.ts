import { latchStatus } from '../../../lib/client/latch-status.js';
import { engageBodySchema, resetBodySchema } from '../../../lib/domain/command.js';
import { type Endpoint, json } from '../endpoint.js';
import * as examples from '../examples.js';

const PARTIAL = 'Only from an edge gateway: some hosts did not answer, or differ; `errors` names them.';
const partly = (engaged: boolean) =>
  json(PARTIAL, latchStatus, {
    ...(engaged ? examples.latch : examples.released),
    errors: ['origin h2 did not answer'],
  });

export const latch: readonly Endpoint[] = [
  {
    operationId: 'getLatch',
    method: 'get',
    path: '/latch',
    tag: 'Latch',
    summary: 'Show whether the emergency stop is engaged',
    description:
      'Since when, by whom, why, and for which agents. A narrowed credential sees only what may cover its agents.',
    scope: 'agents:read',
    replies: { 200: json('The status.', latchStatus, examples.latch), 202: partly(true) },
    errors: ['store_unavailable', 'origins_unavailable'],
  },
  {
    operationId: 'engageLatch',
    method: 'post',
    path: '/latch',
    tag: 'Latch',
    summary: 'Engage the emergency stop',
    description:
      'Until it is reset, no agent that the selector selects can become active. It does not stop running agents; `POST /agents/kill-all` with `latch` does both.',
    scope: 'latch:engage',
    body: {
      schema: engageBodySchema,
      example: { reason: "agents delete each other's branches", selector: { taskId: 't1' } },
    },
    idempotent: true,
    replies: {
      200: json(
        'Engaged. If the key was used before: the current status, so that a repeated request does not undo a reset.',
        latchStatus,
        examples.latch,
      ),
      202: partly(true),
    },
    errors: ['latch_full', 'conflict', 'unreadable_record', 'store_unavailable', 'origins_unavailable'],
  },
  {
    operationId: 'resetLatch',
    method: 'delete',
    path: '/latch',
    tag: 'Latch',
    summary: 'Reset the emergency stop',
    description:
      'Agents may become active again; none is started by it. A reason is required. It needs a store that answers.',
    scope: 'latch:reset',
    body: { schema: resetBodySchema, example: { reason: 'the runaway task was removed' }, required: true },
    idempotent: true,
    replies: {
      200: json(
        'Reset. If the key was used for an earlier emergency: the current status.',
        latchStatus,
        examples.released,
      ),
      202: partly(false),
    },
    errors: ['conflict', 'unreadable_record', 'store_unavailable', 'origins_unavailable'],
  },
];
