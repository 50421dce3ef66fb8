import {
  agentCgroup,
  agentPage,
  agentProcess,
  agentRecord,
  dismissalMark,
  killMark,
  sandboxRef,
} from '../../../lib/client/agent-record.js';
import { component } from './component.js';
import { ORIGINS, PENDING } from './receipts.js';

export const records = {
  AgentRecord: component(
    agentRecord,
    'The record of an agent as stored. Other programs write records too, and what they wrote is not changed: it may have other members, and values of other types. Rely on `agentId` only.',
    {
      agentId: 'The agent.',
      status: '`unreadable` stands for a record that cannot be read; `detail` says why.',
      detail: 'Why the record cannot be read.',
      seen: 'The record says that the agent is active, but the latest scans of its host did not see it running.',
      taskId: 'The task that it works on.',
      startedAt: 'When it was started.',
      host: 'The host that it runs on.',
      sandboxes:
        'Where it runs, each by its kind and ID. One that only the short forms name belongs to it as well.',
      containerId: 'Short form: the full ID of its first container.',
      process: 'Short form: its first process, where it runs on the host itself.',
      repository: 'The path of the repository that its worktree belongs to.',
      worktreePath: 'The path of its git worktree.',
      labels: 'What selectors can select it by.',
      source:
        'Whether its orchestrator wrote the record, or a node that found the agent running. Absent: its orchestrator.',
      detector: 'What found an agent that a node found running.',
      cgroup: 'The cgroup of its own that an agent which was found got, or why it has none.',
      expiresAt: 'As given; nothing stops the agent at that time.',
      kill: 'What its kill wrote into the record.',
    },
  ),
  AgentProcess: component(agentProcess, 'A process on the host.', {
    pid: 'Its process ID.',
    startTime: 'Field 22 of `/proc/PID/stat`, which makes the PID unique.',
    bootId: 'The boot of the machine in which it ran.',
  }),
  AgentCgroup: component(agentCgroup, 'The cgroup that an agent was given when it was found.', {
    path: 'Its path, as `/proc` shows it. Whatever the agent starts is born in it.',
    outside: 'How many of its processes could not be moved into it.',
    missing: 'Why it has none.',
  }),
  SandboxRef: component(sandboxRef, 'One place where an agent runs.', {
    kind: 'What it is: a container of an engine, a process, a systemd unit.',
    id: 'A container’s full ID; `PID:START` of a process, where START is field 22 of `/proc/PID/stat`; the name of a unit.',
  }),
  KillMark: component(killMark, 'What a kill wrote into the record of its agent.', {
    operationId: 'The operation that killed it.',
    requestedAt: 'When the kill was requested.',
    requestedBy: 'Who asked for it.',
    reason: 'Why it was asked for.',
    pending: PENDING,
    attempts: 'How many attempts there were.',
    shared: 'Processes of it that other agents need are to be stopped too.',
    lastError: 'What went wrong at the last attempt.',
    confirmedAt: 'When nothing was pending any more.',
    dismissed: 'A person gave up what was pending. That confirms nothing.',
  }),
  DismissalMark: component(dismissalMark, 'That a person gave up what was pending.', {
    at: 'When it was given up.',
    by: 'Who gave it up.',
    reason: 'Why it need not be done any more.',
  }),
  AgentPage: component(
    agentPage,
    'A page of records, in ascending order of their IDs. A short or empty page may have a cursor too.',
    {
      agents: 'The records.',
      cursor: 'Pass it as `cursor` to get the next page; absent on the last one.',
      errors: 'Only from an edge gateway: the hosts that did not answer, as sentences.',
      origins: ORIGINS,
    },
  ),
};
