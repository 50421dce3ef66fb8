import { auditEntry, auditPage } from '../../../lib/client/audit-page.js';
import { hold, latchStatus } from '../../../lib/client/latch-status.js';
import { dismissal, operationStatus } from '../../../lib/client/operation-status.js';
import { webhookAnswer, webhookPart } from '../../../lib/client/webhook-answer.js';
import { chatAnswer } from '../../chatops/answers.js';
import { type Component, component } from './component.js';
import { ORIGINS } from './receipts.js';

const holding = {
  since: 'When it was engaged.',
  by: 'Who engaged it; `(not shown)` to a credential that may not know.',
  reason: 'Why it was engaged.',
  selector: 'Which agents it keeps from running; an empty one selects all.',
  unverified: 'It is not known to have been written by this program; it holds all the same.',
};

const chat: Component = {
  schema: chatAnswer,
  about: 'What the chat shows, in the format of the platform.',
  members: {},
};

export const answers = {
  LatchStatus: component(latchStatus, 'Whether the emergency stop is engaged, and for which agents.', {
    engaged: 'Whether it keeps agents from running that the credential covers.',
    ...holding,
    holds:
      'All the reasons for which it is engaged, where there are several. Those beside it are of the first.',
    errors: 'Only from an edge gateway: what is not known, or differs from host to host, a sentence each.',
    origins: ORIGINS,
  }),
  Hold: component(hold, 'One reason for which the emergency stop is engaged.', holding),
  OperationStatus: component(operationStatus, 'An accepted stop.', {
    operationId: 'The operation.',
    state: 'Whether it is still being carried out.',
    type: 'Whether it stops one agent, or those that are selected.',
    requestedAt: 'When it was accepted.',
    requestedBy: 'Who asked for it.',
    reason: 'Why it was asked for.',
    receipt: 'What is known of it by now. Absent while another server carries it out.',
  }),
  Dismissal: component(dismissal, 'What was given up.', {
    operationId: 'The operation.',
    message: 'What was given up, in one sentence.',
    agents: 'The agents that owe nothing under this operation any more.',
  }),
  AuditPage: component(auditPage, 'A page of the audit.', {
    entries: 'The entries, in the order of the commits.',
    cursor: 'Pass it on as `after` for what comes right after the last of these entries.',
  }),
  AuditEntry: component(auditEntry, 'One entry of the audit.', {
    timestamp: 'When it was done.',
    operation: 'What was done.',
    phase:
      '`accepted`: the record says killed. `settled`: nothing is owed. `unconfirmed`: something still is. `refused`: nothing was changed. `done`: a change that leaves nothing to clean up.',
    operationId: 'The operation that it belongs to.',
    requestId: 'The request that it belongs to.',
    actor: 'Who asked for it, from the verified credential.',
    source:
      'Where it was asked from: an IP address, `socket` or `local`. Absent for what this program did by itself.',
    reason: 'Why it was asked for. Of a request that was refused: the request.',
    agentId: 'The agent.',
    taskId: 'The task of the agent.',
    statusBefore: 'The status of the agent before.',
    status: 'The status of the agent since.',
    outcomes: 'What was seen of the agent, layer by layer.',
    selector: 'Which agents it is for.',
    total: 'Of a stop of many: how many agents. Of a refusal: how many before it were left out.',
    killed: 'Of a stop of many: agents of which nothing runs any more.',
    failed: 'Of a stop of many: agents that are not confirmed dead.',
    pending: 'Of a stop of many: agents that still owe a layer.',
    errors: 'What went wrong, a sentence each.',
    released: 'Of a reset of the emergency stop: the operations that had engaged it.',
    mac: 'Of a reset of the emergency stop: the signature of `released`.',
  }),
  WebhookAnswer: component(webhookAnswer, 'What came of a delivery.', {
    answers: 'For each stop that the delivery asks for, in their order.',
    ignored: 'Why the rest of the delivery asks for nothing, a sentence each.',
  }),
  WebhookPart: component(webhookPart, 'What came of one stop that a delivery asks for.', {
    status: 'The HTTP status that the API answers to it.',
    body: 'What the API answers to it: a receipt, or a problem.',
  }),
  ChatAnswer: chat,
};
