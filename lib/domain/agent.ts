import * as z from 'zod';
import type { Debt } from './debt.js';
import {
  type AgentProcess,
  contradicted,
  MAX_SANDBOXES,
  oddId,
  type Places,
  type SandboxRef,
  sandboxKinds,
} from './sandbox.js';

export const AGENT_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
export const agentIdSchema = z.string().regex(AGENT_ID, 'must match [A-Za-z0-9][A-Za-z0-9._:-]{0,127}');

export const statuses = ['spawning', 'running', 'completed', 'failed', 'killed'] as const;
export type Status = (typeof statuses)[number];

/** From each status, the statuses that may follow. Only a kill leads to `killed`. */
export const transitions: Readonly<Record<Status, readonly Status[]>> = {
  spawning: ['running', 'completed', 'failed', 'killed'],
  running: ['completed', 'failed', 'killed'],
  completed: [],
  failed: [],
  killed: [],
};

export const isStatus = (value: unknown): value is Status => statuses.some(status => status === value);
export const isActive = (status: Status): boolean => transitions[status].includes('killed');
export const mayBecome = (from: Status, to: Status): boolean => transitions[from].includes(to);

/** What the kill wrote into the record; timestamps are ISO 8601. */
export interface Kill {
  readonly operationId: string;
  readonly requestedAt: string;
  readonly requestedBy: string;
  readonly reason?: string;
  readonly pending: readonly Debt[];
  readonly attempts: number;
  /** Processes of its that other agents need are to be stopped too. */
  readonly shared?: true;
  readonly lastError?: string;
  readonly confirmedAt?: string;
  /** An operator gave up what was owed: it is not retried, and nothing was confirmed. */
  readonly dismissed?: { readonly at: string; readonly by: string; readonly reason: string };
}

export const sources = ['registered', 'observed'] as const;
/** Whether its orchestrator registered it, or a node found it running. */
export type AgentSource = (typeof sources)[number];

/** The members of an agent's record that this program knows. Others stay in the raw text and are never re-encoded. */
export interface Agent {
  readonly agentId: string;
  readonly status: Status;
  readonly taskId?: string;
  readonly startedAt?: string;
  readonly host?: string;
  /** Everything that it names: its own list, and the short forms. */
  readonly sandboxes: readonly SandboxRef[];
  /** Short form of a sandbox, as it stands in the record. */
  readonly containerId?: string;
  /** Short form of a sandbox, as it stands in the record. */
  readonly process?: AgentProcess;
  readonly repository?: string;
  readonly worktreePath?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Absent: registered. */
  readonly source?: AgentSource;
  /** How an observed agent was found. */
  readonly detector?: string;
  /** Stored as given; nothing stops the agent at that time. */
  readonly expiresAt?: string;
  readonly kill?: Kill;
}

const text = z.string().min(1).max(1024);
const path = z
  .string()
  .max(4096)
  .regex(/^\/[^\0]*$/, 'must be an absolute path');

const sandbox = z
  .strictObject({ kind: z.enum(sandboxKinds), id: z.string().max(256) })
  .superRefine((ref, context) => {
    const odd = oddId(ref);
    if (odd) context.addIssue({ code: 'custom', path: ['id'], message: odd });
  });

function agree(body: Places, context: z.RefinementCtx): void {
  const odd = contradicted(body);
  if (odd) context.addIssue({ code: 'custom', path: [odd], message: 'is not among `sandboxes`' });
}

/** The members that an API client may set. Unknown members are refused, so that a typo is noticed. */
export const agentFieldsSchema = z.strictObject({
  taskId: text.optional(),
  startedAt: z.iso.datetime({ offset: true }).optional(),
  host: text.max(255).optional(),
  sandboxes: z.array(sandbox).max(MAX_SANDBOXES).optional(),
  containerId: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be the full container ID, 64 hexadecimal digits')
    .optional(),
  process: z
    .strictObject({
      pid: z.int().min(2),
      startTime: z.string().regex(/^\d{1,20}$/, 'must be field 22 of /proc/PID/stat'),
    })
    .optional(),
  repository: path.optional(),
  worktreePath: path.optional(),
  labels: z.record(z.string().min(1).max(128), z.string().max(1024)).optional(),
  expiresAt: z.iso.datetime({ offset: true }).optional(),
});

/** Body of `PUT /agents/:agentId`. */
export const registrationSchema = agentFieldsSchema
  .extend({ status: z.enum(['spawning', 'running']) })
  .superRefine(agree);
export type Registration = z.infer<typeof registrationSchema>;

/** Body of `PATCH /agents/:agentId`. */
export const transitionSchema = agentFieldsSchema
  .extend({ status: z.enum(['running', 'completed', 'failed']).optional() })
  .refine(body => Object.keys(body).length > 0, 'names nothing to change')
  .superRefine(agree)
  .meta({ minProperties: 1 });
export type Transition = z.infer<typeof transitionSchema>;
