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
  unverified: 'It could not be verified that this program wrote it; it is in force nevertheless.',
};

const chat: Component = {
  schema: chatAnswer,
  about: 'What the chat shows, in the format of the platform.',
  members: {},
};

export const answers = {
  LatchStatus: component(latchStatus, 'Whether the emergency stop is engaged, and for which agents.', {
    engaged: 'Whether it keeps any agent that the credential covers from running.',
    ...holding,
    holds: 'All holds, if there are several; the members beside this one describe the first.',
    errors: 'Only from an edge gateway: what is not known, or differs between hosts, as sentences.',
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
    receipt: 'What is known so far. Absent while another server carries it out.',
  }),
  Dismissal: component(dismissal, 'What was given up.', {
    operationId: 'The operation.',
    message: 'What was given up, in one sentence.',
    agents: 'The agents for which nothing is pending in this operation any more.',
  }),
  AuditPage: component(auditPage, 'A page of the audit.', {
    entries: 'The entries, in the order of the commits.',
    cursor: 'Pass it as `after` to get the entries after the last one.',
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
      'Where the request came from: an IP address, `socket` or `local`. Absent if this program acted by itself.',
    reason: 'Why it was asked for; for a refused request: the request.',
    agentId: 'The agent.',
    taskId: 'The task of the agent.',
    statusBefore: 'The status of the agent before.',
    status: 'The status of the agent afterwards.',
    outcomes: 'What was seen of the agent, layer by layer.',
    selector: 'Which agents it is for.',
    total:
      'For a stop of several agents: how many. For a refusal: how many refusals before it were not written.',
    killed: 'For a stop of several agents: how many have nothing running any more.',
    failed: 'For a stop of several agents: how many are not confirmed dead.',
    pending: 'For a stop of several agents: how many still have a pending layer.',
    errors: 'What went wrong, as sentences.',
    released: 'For a reset of the emergency stop: the operations that had engaged it.',
    mac: 'For a reset of the emergency stop: the signature of `released`.',
  }),
  WebhookAnswer: component(webhookAnswer, 'What came of a delivery.', {
    answers: 'One for each stop that the delivery asks for, in the same order.',
    ignored: 'For each ignored part of the delivery the reason, as a sentence.',
  }),
  WebhookPart: component(webhookPart, 'What came of one stop that a delivery asks for.', {
    status: 'The HTTP status that the API would answer.',
    body: 'The body that the API would answer: a receipt, or a problem.',
  }),
  ChatAnswer: chat,
};
