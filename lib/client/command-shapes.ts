import * as z from 'zod';
import { agentPage, agentRecord } from './agent-record.js';
import { latchStatus } from './latch-status.js';
import { operationStatus } from './operation-status.js';
import { agentReceipt, killReceipt, receipt } from './receipt.js';
import type { AgentRecord, AgentRecords, KillAllReceipt, KillReceipt } from './responses.js';
import { reliedOn } from './schema.js';

const { agentId, pending, outcomes } = agentReceipt.shape;

/** Whole, or without the agent's part; half of it is no answer of ours. */
const kill: z.ZodType<KillReceipt> = z.union([
  reliedOn(killReceipt.extend({ agentId, pending, outcomes })),
  reliedOn(killReceipt).refine(told => told.outcomes === undefined),
]);

const certain = agentRecord.pick({ agentId: true });

/** The members of a record that this client relies on; any program may have written it. */
export const agentShape = reliedOn(certain) as z.ZodType<AgentRecord>;

/** What is relied on in the answers to commands; all of it is made from the schemas of the API document. */
export const shapes = {
  kill,
  killAll: reliedOn(receipt.omit({ refused: true })) as z.ZodType<KillAllReceipt>,
  latch: reliedOn(latchStatus),
  operation: reliedOn(operationStatus),
  agents: reliedOn(agentPage.extend({ agents: certain.array() })) as z.ZodType<AgentRecords>,
} as const;
