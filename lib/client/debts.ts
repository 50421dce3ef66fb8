import * as z from 'zod';
import type { Debt } from '../domain/debt.js';

/** The names of what a killed agent still owes: a layer, or `kind:id` for a further sandbox of it. */
export const debts = z.array(z.string()) as unknown as z.ZodType<readonly Debt[]>;
