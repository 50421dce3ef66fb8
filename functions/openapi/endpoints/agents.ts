import { agentPage, agentRecord } from '../../../lib/client/agent-record.js';
import { agentParams } from '../../../lib/client/params.js';
import { listQuery } from '../../../lib/client/queries.js';
import { registrationSchema, transitionSchema } from '../../../lib/domain/agent.js';
import type { ErrorCode } from '../../../lib/domain/errors.js';
import { type Endpoint, json } from '../endpoint.js';
import * as examples from '../examples.js';

const ACTIVATING: readonly ErrorCode[] = [
  'invalid_agent_id',
  'latched',
  'tombstoned',
  'conflict',
  'unreadable_record',
  'store_unavailable',
];

export const agents: readonly Endpoint[] = [
  {
    operationId: 'listAgents',
    method: 'get',
    path: '/agents',
    tag: 'Agents',
    summary: 'List the records of agents',
    description:
      'A page of records in ascending order of their IDs, each as stored. A narrowed credential sees only the agents that it covers.',
    scope: 'agents:read',
    query: listQuery,
    replies: {
      200: json('The page.', agentPage, { agents: [examples.agent], cursor: 'a1' }),
      202: json('Only from an edge gateway: some hosts did not answer; `errors` names them.', agentPage, {
        agents: [examples.agent],
        errors: ['origin h2 did not answer'],
      }),
    },
    errors: ['store_unavailable', 'origins_unavailable'],
  },
  {
    operationId: 'getAgent',
    method: 'get',
    path: '/agents/{agentId}',
    tag: 'Agents',
    summary: 'Show the record of one agent',
    description: 'The record as stored, with what its kill wrote into it.',
    scope: 'agents:read',
    params: agentParams,
    replies: { 200: json('The record.', agentRecord, examples.agent) },
    errors: ['invalid_agent_id', 'agent_not_found', 'store_unavailable', 'origins_unavailable'],
  },
  {
    operationId: 'registerAgent',
    method: 'put',
    path: '/agents/{agentId}',
    tag: 'Agents',
    summary: 'Register an agent',
    description:
      'Writes the record of an agent that is about to start, or runs already. Refused while the emergency stop is engaged for it, and for an ID that was killed.',
    scope: 'agents:write',
    params: agentParams,
    body: { schema: registrationSchema, example: examples.registration, required: true },
    replies: {
      200: json('It was already registered with the same members.', agentRecord, examples.agent),
      201: json('Registered.', agentRecord, examples.agent),
    },
    errors: ['agent_exists', ...ACTIVATING],
  },
  {
    operationId: 'changeAgent',
    method: 'patch',
    path: '/agents/{agentId}',
    tag: 'Agents',
    summary: 'Change the status and other members of an agent',
    description:
      'Sets the members in the body and leaves the others unchanged. At least one is required. Only a kill makes an agent `killed`.',
    scope: 'agents:write',
    params: agentParams,
    body: { schema: transitionSchema, example: { status: 'completed' }, required: true },
    replies: {
      200: json('The record as stored now.', agentRecord, { ...examples.agent, status: 'completed' }),
    },
    errors: ['invalid_state', 'agent_not_found', ...ACTIVATING],
  },
];
