import * as z from 'zod';
import { statuses } from '../domain/agent.js';
import { auditOperations, auditPhases } from '../domain/audit-entry.js';
import { selectorSchema } from '../domain/selector.js';
import { layerOutcome } from './receipt.js';
import { answer, timestamp, word } from './schema.js';

export const auditEntry = answer({
  timestamp: timestamp(),
  operation: word(auditOperations),
  phase: word(auditPhases),
  operationId: z.string().exactOptional(),
  requestId: z.string().exactOptional(),
  actor: z.string(),
  source: z.string().exactOptional(),
  reason: z.string().exactOptional(),
  agentId: z.string().exactOptional(),
  taskId: z.string().exactOptional(),
  statusBefore: word(statuses).exactOptional(),
  status: word(statuses).exactOptional(),
  outcomes: z.array(layerOutcome).exactOptional(),
  selector: selectorSchema.exactOptional(),
  total: z.int().exactOptional(),
  killed: z.int().exactOptional(),
  failed: z.int().exactOptional(),
  pending: z.int().exactOptional(),
  errors: z.array(z.string()).exactOptional(),
  released: z.array(z.string()).exactOptional(),
  mac: z.string().exactOptional(),
});

export const auditPage = answer({
  entries: z.array(auditEntry),
  cursor: z.string(),
});
