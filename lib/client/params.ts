import * as z from 'zod';
import { agentIdSchema } from '../domain/agent.js';

/** `:agentId` of a path. */
export const agentParams = z.object({ agentId: agentIdSchema.describe('The ID of the agent.') });

/** `:operationId` of a path. */
export const operationParams = z.object({
  operationId: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/)
    .describe('The ID of the operation, from the answer to the stop.'),
});
