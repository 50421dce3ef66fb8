import * as z from 'zod';
import { sources, statuses } from '../domain/agent.js';
import { sandboxKinds } from '../domain/sandbox.js';
import { debts } from './debts.js';
import { origins } from './origin-part.js';
import { answer, timestamp, word } from './schema.js';

export const agentProcess = answer({
  pid: z.int(),
  startTime: z.string().exactOptional(),
  bootId: z.string().exactOptional(),
});

export const agentCgroup = answer({
  path: z.string().exactOptional(),
  outside: z.int().exactOptional(),
  missing: z.string().exactOptional(),
});

export const sandboxRef = answer({ kind: word(sandboxKinds), id: z.string() });

export const dismissalMark = answer({ at: timestamp(), by: z.string(), reason: z.string() });

export const killMark = answer({
  operationId: z.string(),
  requestedAt: timestamp(),
  requestedBy: z.string(),
  reason: z.string().exactOptional(),
  pending: debts,
  attempts: z.int(),
  shared: z.literal(true).exactOptional(),
  lastError: z.string().exactOptional(),
  confirmedAt: timestamp().exactOptional(),
  dismissed: dismissalMark.exactOptional(),
});

export const agentRecord = answer({
  agentId: z.string(),
  status: word([...statuses, 'unreadable']),
  detail: z.string().exactOptional(),
  seen: word(['gone']).exactOptional(),
  taskId: z.string().exactOptional(),
  startedAt: timestamp().exactOptional(),
  host: z.string().exactOptional(),
  sandboxes: z.array(sandboxRef).exactOptional(),
  containerId: z.string().exactOptional(),
  process: agentProcess.exactOptional(),
  cgroup: agentCgroup.exactOptional(),
  repository: z.string().exactOptional(),
  worktreePath: z.string().exactOptional(),
  labels: z.record(z.string(), z.string()).exactOptional(),
  source: word(sources).exactOptional(),
  detector: z.string().exactOptional(),
  expiresAt: z.string().exactOptional(),
  kill: killMark.exactOptional(),
});

export const agentPage = answer({
  agents: z.array(agentRecord),
  cursor: z.string().exactOptional(),
  errors: z.array(z.string()).exactOptional(),
  origins,
});
