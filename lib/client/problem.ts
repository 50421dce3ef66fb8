import * as z from 'zod';
import { type ErrorCode, errorRegistry } from '../domain/errors.js';
import { answer, word } from './schema.js';

const codes = Object.keys(errorRegistry) as ErrorCode[];

export const problem = answer({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().exactOptional(),
  code: word(codes),
  requestId: z.string(),
});
