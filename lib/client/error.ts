import * as z from 'zod';
import type { ErrorCode } from '../domain/errors.js';

/** `unreachable`: no answer came. `unexpected_answer`: one came, but not of a killswitch server. */
export type ClientErrorCode = ErrorCode | 'unreachable' | 'unexpected_answer';

/** RFC 9457 with our members; a code that we do not know is a newer server's and is passed on. */
const problemSchema = z.looseObject({
  code: z.string(),
  title: z.string(),
  detail: z.string().optional(),
  requestId: z.string().optional(),
});

/** Why a request was not carried out, as the server says it; its message is the detail, or else the title. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: ClientErrorCode;
  readonly title: string;
  /** Of the answer; absent where none came. */
  readonly status: number | undefined;
  readonly detail: string | undefined;
  readonly requestId: string | undefined;
  /** What was answered: a problem document, or whatever else it was; `undefined` where no JSON came. */
  readonly body: unknown;

  constructor(
    code: ClientErrorCode,
    told: {
      readonly title: string;
      readonly status?: number | undefined;
      readonly detail?: string | undefined;
      readonly requestId?: string | undefined;
      readonly body?: unknown;
    },
    options?: ErrorOptions,
  ) {
    super(told.detail ?? told.title, options);
    this.code = code;
    this.title = told.title;
    this.status = told.status;
    this.detail = told.detail;
    this.requestId = told.requestId;
    this.body = told.body;
  }
}

/** An answer that only something else than this server gives, such as a proxy in between. */
export const unexpected = (status: number, body: unknown): ClientError =>
  new ClientError('unexpected_answer', {
    title: `HTTP ${status}, but not an answer of a killswitch server`,
    status,
    body,
  });

export function toClientError(status: number, body: unknown): ClientError {
  const { data } = problemSchema.safeParse(body);
  if (!data) return unexpected(status, body);
  const { code, title, detail, requestId } = data;
  return new ClientError(code as ClientErrorCode, { title, status, detail, requestId, body });
}
