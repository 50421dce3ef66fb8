import type * as z from 'zod';
import type { Scope } from '../../lib/domain/actor.js';
import type { ErrorCode } from '../../lib/domain/errors.js';

/** The groups of operations, in the order of the document. */
export const tags = {
  Stop: 'Stops agents and checks that they are dead.',
  Latch: 'The lasting emergency stop: while it is engaged, no agent that it selects becomes active.',
  Agents: 'The records of agents.',
  Operations: 'What became of an accepted stop.',
  Audit: 'What was done, by whom and why.',
  Triggers: 'Requests with a credential of their own: webhooks, chats and links.',
  Service: 'The server itself.',
  Docs: 'The documentation of this version, for people.',
} as const;

/** One media type of an answer. */
export interface Content {
  /** Absent: text. */
  readonly schema?: z.ZodType;
  readonly example: unknown;
  /** Of text: what it contains. */
  readonly description?: string;
}

/** One status that an operation answers with, other than a problem. */
export interface Reply {
  readonly description: string;
  /** By media type. Absent: no body. */
  readonly content?: Readonly<Record<string, Content>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One operation of the HTTP contract. */
export interface Endpoint {
  readonly operationId: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** With parameters as in OpenAPI: `{agentId}`. */
  readonly path: string;
  readonly tag: keyof typeof tags;
  readonly summary: string;
  readonly description: string;
  /** Absent: the path is open, or has a credential of another kind. */
  readonly scope?: Scope;
  /** The schema with which the route checks the parameters of the path. */
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** Takes an `Idempotency-Key`. */
  readonly idempotent?: true;
  readonly body?: { readonly schema: z.ZodType; readonly example: unknown; readonly required?: true };
  /** A body in another program's format, by media type. */
  readonly foreignBody?: Readonly<Record<string, string>>;
  readonly replies: Readonly<Record<number, Reply>>;
  /** Errors beyond those that every operation of its kind may answer with. */
  readonly errors?: readonly ErrorCode[];
}

/** A reply in JSON. */
export const json = (description: string, schema: z.ZodType, example: unknown): Reply => ({
  description,
  content: { 'application/json': { schema, example } },
});
