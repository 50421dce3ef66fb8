import {
  agentPage,
  agentProcess,
  agentRecord,
  dismissalMark,
  killMark,
} from '../../../lib/client/agent-record.js';
import { component } from './component.js';
import { ORIGINS } from './receipts.js';

export const records = {
  AgentRecord: component(
    agentRecord,
    'The record of an agent, as it is stored. Other programs write records too: what they wrote is passed on as it stands, also in members beyond these and with values of other types than these. Rely on `agentId` alone.',
    {
      agentId: 'The agent.',
      status: '`unreadable` stands for a record that cannot be read; `detail` says why.',
      detail: 'Why the record cannot be read.',
      seen: 'The record says that the agent is active, and the latest looks at this host did not see it run.',
      taskId: 'The task that it works on.',
      startedAt: 'When it was started.',
      host: 'The host that it runs on.',
      containerId: 'The full ID of the container that it runs in.',
      process: 'Its first process, where it runs on the host itself.',
      repository: 'The path of the repository that its worktree belongs to.',
      worktreePath: 'The path of its git worktree.',
      labels: 'What selectors can select it by.',
      source:
        'Whether its orchestrator wrote the record, or a node that found the agent running. Absent: its orchestrator.',
      detector: 'What found an agent that a node found running.',
      expiresAt: 'As it was given; nothing stops the agent at that time.',
      kill: 'What its kill wrote into the record.',
    },
  ),
  AgentProcess: component(agentProcess, 'A process on the host.', {
    pid: 'Its process ID.',
    startTime: 'Field 22 of `/proc/PID/stat`, which makes the PID unique.',
  }),
  KillMark: component(killMark, 'What a kill wrote into the record of its agent.', {
    operationId: 'The operation that killed it.',
    requestedAt: 'When the kill was requested.',
    requestedBy: 'Who asked for it.',
    reason: 'Why it was asked for.',
    pending: 'The layers that are still owed, and are tried again.',
    attempts: 'How often it was tried.',
    lastError: 'What went wrong at the last attempt.',
    confirmedAt: 'When nothing was owed any more.',
    dismissed: 'A person gave up what was owed. Nothing was confirmed by that.',
  }),
  DismissalMark: component(dismissalMark, 'That a person gave up what was owed.', {
    at: 'When it was given up.',
    by: 'Who gave it up.',
    reason: 'Why it need not be done any more.',
  }),
  AgentPage: component(
    agentPage,
    'A page of records, in ascending order of their IDs. It may be short, or empty, and yet have a cursor.',
    {
      agents: 'The records.',
      cursor: 'Pass it on as `cursor` for the next page; absent on the last one.',
      errors: 'Only from an edge gateway: the hosts that did not answer, a sentence each.',
      origins: ORIGINS,
    },
  ),
};
