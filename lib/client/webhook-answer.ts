import * as z from 'zod';
import { latchStatus } from './latch-status.js';
import { problem } from './problem.js';
import { killReceipt, receipt } from './receipt.js';
import { answer } from './schema.js';

export const webhookPart = answer({
  status: z.int(),
  body: z.union([killReceipt, receipt, latchStatus, problem]),
});

export const webhookAnswer = answer({ answers: z.array(webhookPart), ignored: z.array(z.string()) });
