import type * as z from 'zod';
import type { Scope } from '../../lib/domain/actor.js';
import type { ErrorCode } from '../../lib/domain/errors.js';

/** What the operations of the API are about, in the order in which the document lists them. */
export const tags = {
  Stop: 'Stops agents, and sees that they are dead.',
  Latch: 'The emergency stop that stays: while it is engaged, no agent that it selects becomes active.',
  Agents: 'The records of agents.',
  Operations: 'What became of an accepted stop.',
  Audit: 'What was done, by whom and why.',
  Triggers: 'Ways in that carry a credential of their own: webhooks, chats and links.',
  Service: 'The server itself.',
  Docs: 'The documentation of this version, for people.',
} as const;

/** One media type of an answer. */
export interface Content {
  /** Absent: text. */
  readonly schema?: z.ZodType;
  readonly example: unknown;
  /** Of text: what stands in it. */
  readonly description?: string;
}

/** One status that an operation answers with, other than a problem. */
export interface Reply {
  readonly description: string;
  /** By media type; JSON where only a schema is given. Absent: nothing is sent along. */
  readonly content?: Readonly<Record<string, Content>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One operation of the HTTP contract. */
export interface Endpoint {
  readonly operationId: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** In OpenAPI's spelling. */
  readonly path: string;
  readonly tag: keyof typeof tags;
  readonly summary: string;
  readonly description: string;
  /** Absent: the path is open, or has a credential of its own. */
  readonly scope?: Scope;
  /** Of the path: what the route checks them with. */
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** Takes an `Idempotency-Key`. */
  readonly idempotent?: true;
  readonly body?: { readonly schema: z.ZodType; readonly example: unknown; readonly required?: true };
  /** A body in another program's format, by media type. */
  readonly foreignBody?: Readonly<Record<string, string>>;
  readonly replies: Readonly<Record<number, Reply>>;
  /** Beyond those that every operation of its kind may answer with. */
  readonly errors?: readonly ErrorCode[];
}

/** A reply in JSON. */
export const json = (description: string, schema: z.ZodType, example: unknown): Reply => ({
  description,
  content: { 'application/json': { schema, example } },
});
