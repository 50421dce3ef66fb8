import { originPart } from '../../../lib/client/origin-part.js';
import { agentError, agentReceipt, killReceipt, layerOutcome, receipt } from '../../../lib/client/receipt.js';
import { component } from './component.js';

export const ORIGINS = 'Only from an edge gateway: the answer of each host.';

export const PENDING =
  'The layers that are not done yet; they are retried: `container`, `process`, `worktree`. A further sandbox of a layer is called `kind:id`, or `kind` where the record does not name it.';

const agent = {
  agentId: 'The agent.',
  operationId: 'The operation that killed the agent; a repeated kill names the first one.',
  statusBefore: 'The status that the record had before the kill.',
  taskId: 'The task that it worked on.',
  host: 'The host that it ran on.',
  verified: 'True only if at least one sandbox was found and seen to be gone, and none may still run.',
  pending: PENDING,
  outcomes: 'What was seen, layer by layer.',
  error: 'Why the agent could not be marked as killed.',
};

const outline = {
  dryRun: 'It was a dry run: nothing was stopped.',
  incomplete: 'Not every agent was reached, or not yet: this is what is known so far.',
  degraded: 'The store did not answer: what runs on this host was stopped, and no record says so yet.',
  errors: 'What went wrong, as sentences.',
  warnings: 'What could not be seen, was never seen running, or matched no agent, as sentences.',
  origins: ORIGINS,
};

const UNKNOWN = 'Absent while nothing is known of the agent, for example while the store does not answer.';

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
    killed: 'How many agents have nothing running any more, as far as their sandboxes are known.',
    failed: 'How many agents are not confirmed dead: `total` minus `killed`.',
    pending: 'How many agents still have a pending layer.',
    refused: 'How many agents have a layer that a guard did not allow to be touched; they may still run.',
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
    kind: 'The kind of the sandbox, such as the engine of a container. Absent for a worktree.',
    id: 'The sandbox that the record names. Absent: it speaks of all of this kind with the agent’s label.',
    needsRemoval: 'It is dead, and its remains are to be removed.',
    outcome:
      'What was seen. With `dead`, `removed`, `alreadyGone`, `notFound` and `skipped` nothing was seen running any more; `needsRemoval` says that a dead sandbox is still to be removed. `blind`, `refused`, `failed` and `pending` are retried.',
    detail: 'Why, in a text that anyone may see.',
    deadAfterMs: 'Milliseconds from the acceptance of the request until its processes were seen to be gone.',
    settledAfterMs: 'Milliseconds from the acceptance of the request until nothing of it was pending.',
    quarantinePath: 'The path of a worktree that was moved into the quarantine.',
    weaker: 'The agent was paused by signals alone: any process may let it go on.',
  }),
  OriginPart: component(originPart, 'What one host behind an edge gateway has answered.', {
    name: 'The host, as the gateway calls it.',
    status: 'The HTTP status of its answer; absent if it did not answer in time.',
    operationId: 'The operation that it started for this request.',
    engaged: 'Whether its emergency stop is engaged.',
  }),
};
