import * as z from 'zod';
import { receipt } from './receipt.js';
import { answer, timestamp, word } from './schema.js';

export const operationStatus = answer({
  operationId: z.string(),
  state: z.enum(['running', 'ended']),
  type: word(['kill', 'kill-all']),
  requestedAt: timestamp(),
  requestedBy: z.string(),
  reason: z.string().exactOptional(),
  receipt: receipt.exactOptional(),
});

export const dismissal = answer({
  operationId: z.string(),
  message: z.string(),
  agents: z.array(z.string()),
});
