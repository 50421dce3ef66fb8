import * as z from 'zod';
import { statuses } from '../domain/agent.js';
import { outcomeNames } from '../domain/outcome.js';
import { layers, sandboxKinds } from '../domain/sandbox.js';
import { debts } from './debts.js';
import { origins } from './origin-part.js';
import { answer, count, word } from './schema.js';

export const layerOutcome = answer({
  layer: word(layers),
  kind: word(sandboxKinds).exactOptional(),
  id: z.string().exactOptional(),
  outcome: word(outcomeNames),
  needsRemoval: z.literal(true).exactOptional(),
  detail: z.string().exactOptional(),
  deadAfterMs: z.number().exactOptional(),
  settledAfterMs: z.number().exactOptional(),
  weaker: z.literal(true).exactOptional(),
  quarantinePath: z.string().exactOptional(),
});

export const agentError = answer({ code: z.string(), detail: z.string() });

export const agentReceipt = answer({
  agentId: z.string(),
  operationId: z.string(),
  statusBefore: word(statuses).exactOptional(),
  taskId: z.string().exactOptional(),
  host: z.string().exactOptional(),
  verified: z.boolean(),
  pending: debts,
  outcomes: z.array(layerOutcome),
  error: agentError.exactOptional(),
});

/** What a receipt of one agent and of many say alike. */
const outline = {
  dryRun: z.literal(true).exactOptional(),
  incomplete: z.literal(true).exactOptional(),
  degraded: z.literal(true).exactOptional(),
  errors: z.array(z.string()).exactOptional(),
  warnings: z.array(z.string()).exactOptional(),
  origins,
};

/** The members of the agent are absent while nothing is known of it. */
const { agentId, pending, outcomes } = agentReceipt.shape;

export const killReceipt = agentReceipt.extend({
  agentId: agentId.exactOptional(),
  pending: pending.exactOptional(),
  outcomes: outcomes.exactOptional(),
  message: z.string(),
  ...outline,
});

export const receipt = answer({
  operationId: z.string(),
  message: z.string(),
  verified: z.boolean(),
  total: count(),
  killed: count(),
  failed: count(),
  pending: count(),
  refused: count(),
  agents: z.array(agentReceipt),
  ...outline,
});
