import * as z from 'zod';
import { answer, count, timestamp } from './schema.js';

export const tree = answer({
  processes: count(),
  memoryBytes: z.int().min(0),
  cpuMs: z.int().min(0),
  oldest: timestamp().exactOptional(),
});

export const finding = answer({
  detector: z.string(),
  kind: z.string(),
  id: z.string(),
  agentId: z.string(),
  pid: z.int().exactOptional(),
  session: z.string().exactOptional(),
  workingDirectory: z.string().exactOptional(),
  worktree: z.string().exactOptional(),
  repository: z.string().exactOptional(),
  startedAt: timestamp().exactOptional(),
  evidence: z.array(z.string()),
  untested: z.literal(true).exactOptional(),
  sharedWith: z.array(z.string()).exactOptional(),
  adopted: z.boolean(),
  tree,
});

export const hostScan = answer({
  findings: z.array(finding),
  unread: count(),
  blind: z.array(z.string()),
});
