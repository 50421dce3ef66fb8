import { auditEntry, auditPage } from '../../../lib/client/audit-page.js';
import { finding, hostScan, tree } from '../../../lib/client/host-scan.js';
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
  HostScan: component(hostScan, 'What runs on a host that looks like an agent, and what could not be seen.', {
    findings: 'Each agent once, with all that it started.',
    unread: 'How many processes the server’s user may not read: agents among them are not found.',
    blind: 'What else kept it from seeing all, as sentences.',
  }),
  Finding: component(finding, 'An agent that runs on the host, registered or not.', {
    detector:
      'What found it: the name of a detector, or `variable` or `label` where it carries the ID of an agent.',
    kind: '`process` or `docker`.',
    id: 'PID and start time of its main process, or the ID of its container.',
    agentId: 'The ID that it has, or would get when it is adopted.',
    pid: 'Its main process.',
    session: 'The session that its tool has given it.',
    workingDirectory: 'Where its main process works.',
    worktree: 'The worktree that this is in.',
    repository: 'The repository that this belongs to.',
    startedAt: 'When its main process started.',
    evidence: 'What it was known by, as sentences without anything invisible.',
    untested: 'The detector was written after the tool’s source, and never tried on the tool.',
    sharedWith: 'Other findings that need one of its processes.',
    adopted: 'It is an agent already: an active record names it, or it carries the ID.',
    tree: 'All of its processes together; zeros for a container.',
  }),
  Tree: component(tree, 'Processes taken together.', {
    processes: 'How many.',
    memoryBytes: 'The memory that they hold, with what they share counted several times.',
    cpuMs: 'The processor time that they have used, in milliseconds.',
    oldest: 'When the oldest of them started.',
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
