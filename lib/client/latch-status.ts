import * as z from 'zod';
import { selectorSchema } from '../domain/selector.js';
import { origins } from './origin-part.js';
import { answer, timestamp } from './schema.js';

export const hold = answer({
  since: timestamp(),
  by: z.string(),
  reason: z.string().exactOptional(),
  selector: selectorSchema,
  unverified: z.literal(true).exactOptional(),
});

const { since, by, selector, reason, unverified } = hold.shape;

export const latchStatus = answer({
  engaged: z.boolean(),
  since: since.exactOptional(),
  by: by.exactOptional(),
  reason,
  selector: selector.exactOptional(),
  unverified,
  holds: z.array(hold).exactOptional(),
  errors: z.array(z.string()).exactOptional(),
  origins,
});
