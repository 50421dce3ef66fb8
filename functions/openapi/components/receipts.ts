import { originPart } from '../../../lib/client/origin-part.js';
import { agentError, agentReceipt, killReceipt, layerOutcome, receipt } from '../../../lib/client/receipt.js';
import { component } from './component.js';

export const ORIGINS = 'Only from an edge gateway: what each host that it asked has answered.';

const agent = {
  agentId: 'The agent.',
  operationId: 'The operation that killed the agent; a repeated kill names the first one.',
  statusBefore: 'The status that the record had before the kill.',
  taskId: 'The task that it worked on.',
  host: 'The host that it ran on.',
  verified: 'True only if at least one sandbox that was there was seen to be gone, and none may still run.',
  pending: 'The layers that are still owed, and are tried again.',
  outcomes: 'What was seen, layer by layer.',
  error: 'Why the agent could not be marked as killed.',
};

const outline = {
  dryRun: 'It was a dry run: nothing was stopped.',
  incomplete: 'Not every agent was reached, or not yet: it says what is known by now.',
  degraded: 'The store did not answer: what runs on this host was stopped, and no record says so yet.',
  errors: 'What went wrong, a sentence each.',
  warnings: 'What could not be seen, was never seen running, or matched no agent, a sentence each.',
  origins: ORIGINS,
};

const UNKNOWN = 'Absent while nothing is known of the agent, as while the store does not answer.';

export const receipts = {
  KillReceipt: component(killReceipt, 'What came of stopping one agent.', {
    ...agent,
    agentId: `${agent.agentId} ${UNKNOWN}`,
    pending: `${agent.pending} ${UNKNOWN}`,
    outcomes: `${agent.outcomes} ${UNKNOWN}`,
    message: 'What came of it in one sentence, such as `Agent a1 killed successfully`.',
    ...outline,
  }),
  Receipt: component(receipt, 'What came of stopping many agents.', {
    operationId: 'Ask `GET /operations/{operationId}` for its progress.',
    message: 'What came of it in one sentence.',
    verified: 'True only if there were agents, and each of them is verified.',
    total: 'How many agents were selected.',
    killed: 'Agents of which nothing runs any more, as far as a sandbox is known.',
    failed: 'Agents that are not confirmed dead: `total` less `killed`.',
    pending: 'Agents that still owe a layer.',
    refused: 'Agents of which a guard forbade to touch a layer; they may still run.',
    agents: 'The first 1,000 agents, one by one.',
    ...outline,
  }),
  AgentReceipt: component(agentReceipt, 'What was seen of one agent.', agent),
  AgentError: component(agentError, 'Why an agent could not be marked as killed.', {
    code: 'One of the codes of a problem.',
    detail: 'What is wrong.',
  }),
  LayerOutcome: component(layerOutcome, 'What was seen of one part of an agent.', {
    layer: 'The part of the agent.',
    outcome:
      'What was seen. After `dead`, `removed`, `alreadyGone`, `notFound` and `skipped` nothing runs that could be seen; a dead container still has to be removed. `blind`, `refused`, `failed` and `pending` are tried again.',
    detail: 'Why, in words that may be shown to anybody.',
    deadAfterMs: 'Milliseconds from the acceptance of the request until its processes were seen to be gone.',
    settledAfterMs: 'Milliseconds from the acceptance of the request until nothing of it was owed.',
    quarantinePath: 'Where a cleared worktree lies now.',
  }),
  OriginPart: component(originPart, 'What one host behind an edge gateway has answered.', {
    name: 'The host, as the gateway calls it.',
    status: 'The HTTP status of its answer; absent where none came in time.',
    operationId: 'The operation that it began for this request.',
    engaged: 'Whether its emergency stop is engaged.',
  }),
};
