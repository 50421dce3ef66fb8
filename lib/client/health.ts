import * as z from 'zod';
import { answer, word } from './schema.js';

export const health = answer({
  name: z.string(),
  ok: z.boolean(),
  detail: z.string().exactOptional(),
  aside: z.literal(true).exactOptional(),
});

export const readiness = answer({
  status: word(['ready', 'degraded']),
  ports: z.array(health),
});

export const liveness = answer({ status: word(['ok']) });
