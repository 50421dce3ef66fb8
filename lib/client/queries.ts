import * as z from 'zod';
import { agentIdSchema, statuses } from '../domain/agent.js';

const limit = z.coerce.number().int().min(1).max(1000);

const label = z.string().regex(/^[^=]+=/, 'must be name=value');

/** The query of `GET /agents`. */
export const listQuery = z.strictObject({
  status: z
    .enum([...statuses, 'unreadable'])
    .describe('Only agents of this status.')
    .optional(),
  taskId: z.string().min(1).describe('Only agents of this task.').optional(),
  host: z.string().min(1).describe('Only agents of this host.').optional(),
  label: z
    .union([label, z.array(label)])
    .describe('Only agents with this label, as `name=value`. May be given several times: all must match.')
    .optional(),
  cursor: z.string().max(128).describe('The `cursor` of the page before.').optional(),
  limit: limit.describe('The most records of a page.').default(100),
});

/** The query of `GET /audit`. */
export const auditQuery = z.strictObject({
  since: z.iso
    .datetime({ offset: true, error: 'must be a time such as 2026-11-22T10:00:00Z' })
    .describe('Only what was committed from then on.')
    .optional(),
  agentId: agentIdSchema.describe('Only what concerns this agent.').optional(),
  operationId: z.string().min(1).max(64).describe('Only what belongs to this operation.').optional(),
  limit: limit
    .describe('The most entries. As JSON, 100 if absent; as NDJSON, all of them if absent.')
    .optional(),
  after: z
    .string()
    .regex(/^(\d{1,20}(-\d{1,20})?)?$/, 'must be a cursor that was answered before')
    .describe(
      'A `cursor` that was answered before: only what was committed after it. Empty: from the beginning.',
    )
    .optional(),
});
