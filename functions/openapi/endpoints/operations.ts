import { dismissal, operationStatus } from '../../../lib/client/operation-status.js';
import { operationParams } from '../../../lib/client/params.js';
import { dismissBodySchema } from '../../../lib/domain/command.js';
import { type Endpoint, json } from '../endpoint.js';
import * as examples from '../examples.js';

const OPERATION = '/operations/{operationId}';

export const operations: readonly Endpoint[] = [
  {
    operationId: 'getOperation',
    method: 'get',
    path: OPERATION,
    tag: 'Operations',
    summary: 'Show what became of an accepted stop',
    description:
      'Its state and its receipt, including what was settled or given up since. An operation is kept for 30 days.',
    scope: 'agents:read',
    params: operationParams,
    replies: { 200: json('The operation.', operationStatus, examples.operation) },
    errors: ['not_found', 'operation_not_found', 'store_unavailable', 'origins_unavailable'],
  },
  {
    operationId: 'followOperation',
    method: 'get',
    path: `${OPERATION}/events`,
    tag: 'Operations',
    summary: 'Follow an accepted stop until it has ended',
    description:
      'The same as server-sent events, one for each change. The stream ends with the operation, or after ten minutes.',
    scope: 'agents:read',
    params: operationParams,
    replies: {
      200: {
        description: 'The stream.',
        content: {
          'text/event-stream': {
            description:
              'Events `progress` and `ended`; the `data` of each is an `OperationStatus` in JSON. A comment every 15 seconds keeps the connection open.',
            example: `event: ended\ndata: ${JSON.stringify(examples.operation)}\n\n`,
          },
        },
      },
    },
    errors: ['not_found', 'operation_not_found', 'store_unavailable'],
  },
  {
    operationId: 'dismissOperation',
    method: 'post',
    path: `${OPERATION}/dismiss`,
    tag: 'Operations',
    summary: 'Give up what is still pending in an accepted stop',
    description:
      'A person takes responsibility for what was not done: it is no longer retried, and nothing is confirmed by that. A later kill tries again.',
    scope: 'latch:reset',
    params: operationParams,
    body: {
      schema: dismissBodySchema,
      example: { reason: 'the host was taken out of service' },
      required: true,
    },
    replies: { 200: json('What was given up.', dismissal, examples.dismissal) },
    errors: ['not_found', 'operation_not_found', 'conflict', 'store_unavailable'],
  },
];
