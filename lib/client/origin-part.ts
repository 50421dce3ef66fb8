import * as z from 'zod';
import { answer } from './schema.js';

export const originPart = answer({
  name: z.string(),
  status: z.int().exactOptional(),
  operationId: z.string().exactOptional(),
  engaged: z.boolean().exactOptional(),
});

export const origins = z.array(originPart).exactOptional();
