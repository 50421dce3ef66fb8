import * as z from 'zod';
import { agentIdSchema } from '../domain/agent.js';

/** `:agentId` of a path. */
export const agentParams = z.object({ agentId: agentIdSchema });

/** `:operationId` of a path. */
export const operationParams = z.object({ operationId: z.string().regex(/^[A-Za-z0-9-]{1,64}$/) });
