import { registrationSchema, transitionSchema } from '../../../lib/domain/agent.js';
import {
  dismissBodySchema,
  engageBodySchema,
  killAllBodySchema,
  killBodySchema,
  resetBodySchema,
} from '../../../lib/domain/command.js';
import { selectorSchema } from '../../../lib/domain/selector.js';
import { component } from './component.js';

const REASON = 'Why, for the audit and the notifications.';
const SELECTOR = 'Which agents; absent, or empty: every active agent.';
const stop = {
  reason: REASON,
  graceSeconds: 'Seconds between SIGTERM and SIGKILL. 0, or absent: SIGKILL at once.',
  dryRun: 'Only return which agents would be stopped.',
  shared: 'Stop processes too that agents which are not stopped need as well.',
};

const fields = {
  taskId: 'The task that it works on.',
  startedAt: 'When it was started.',
  host: 'The host that it runs on.',
  sandboxes:
    'Where it runs, each by its kind and ID: a container of `docker` or `podman` by its full ID, a `process` of the host as `PID:START`, where START is field 22 of `/proc/PID/stat`, a systemd `unit` by its name. A list replaces the one before.',
  containerId:
    'Short form of its first container, by its full ID. Beside `sandboxes` it must be one of them.',
  process:
    'Short form of its first process, where it runs on the host itself. `startTime` is field 22 of `/proc/PID/stat`, which makes the PID unique.',
  repository: 'The path of the repository that its worktree belongs to.',
  worktreePath: 'The path of its git worktree, which is moved into the quarantine when it is killed.',
  labels: 'What selectors can select it by.',
  expiresAt: 'Stored and shown as given; nothing stops the agent at that time.',
};

/** The schemas of requests. */
export const requests = {
  Selector: component(
    selectorSchema,
    'Which agents. Every member narrows the selection; an empty selector selects every active agent.',
    {
      agentIds: 'Any of these agents.',
      taskId: 'Agents of this task.',
      host: 'Agents of this host.',
      status: 'Agents of this status, or of any of these.',
      labels: 'Agents with all of these labels.',
      source: 'Agents that were registered, or that a node found running.',
      detector: 'Agents that this detector found.',
    },
  ),
  KillRequest: component(killBodySchema, 'How to stop one agent. Every member may be left out.', {
    ...stop,
    expectedContainerId: 'Refuse if the agent runs in a different container.',
  }),
  KillAllRequest: component(
    killAllBodySchema,
    'Which agents to stop, and how. Every member may be left out.',
    {
      ...stop,
      selector: SELECTOR,
      latch: 'Engage the emergency stop for the same selector first, so that no agent starts again.',
    },
  ),
  EngageRequest: component(engageBodySchema, 'For which agents to engage the emergency stop.', {
    reason: REASON,
    selector: SELECTOR,
  }),
  ResetRequest: component(resetBodySchema, 'Why the emergency stop is reset.', { reason: REASON }),
  DismissRequest: component(dismissBodySchema, 'Why something need not be done any more.', {
    reason: REASON,
  }),
  Registration: component(registrationSchema, 'What is known of an agent that starts, or runs.', {
    ...fields,
    startedAt: 'When it was started; now if absent.',
    status: 'Whether it is about to start, or runs.',
  }),
  Transition: component(transitionSchema, 'What has changed; at least one member.', {
    ...fields,
    status: 'Its new status.',
  }),
};
