/**
 * The closed registry of errors: each code has one HTTP status and one title. Rendered as RFC 9457 problem details. The
 * `detail` is written by us and safe to show; a cause never is.
 */
export const errorRegistry = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  invalid_agent_id: { status: 400, title: 'The agent ID is not valid' },
  invalid_state: { status: 400, title: 'The status of the agent does not allow this' },
  unauthenticated: { status: 401, title: 'A valid credential is required' },
  forbidden: { status: 403, title: 'The credential does not allow this' },
  agent_not_found: { status: 404, title: 'Unknown agent' },
  operation_not_found: { status: 404, title: 'Unknown operation' },
  not_found: { status: 404, title: 'No such path' },
  method_not_allowed: { status: 405, title: 'The path does not have this method' },
  agent_exists: { status: 409, title: 'The agent is registered already' },
  container_changed: { status: 409, title: 'The agent runs in another container' },
  conflict: { status: 409, title: 'The record kept changing meanwhile' },
  idempotency_mismatch: { status: 409, title: 'The idempotency key belongs to another request' },
  latch_full: { status: 409, title: 'The emergency stop cannot hold more' },
  latched: { status: 409, title: 'The emergency stop is engaged' },
  tombstoned: { status: 409, title: 'The agent ID was killed and stays dead' },
  unreadable_record: { status: 409, title: 'The record of the agent cannot be read' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The content type is not application/json' },
  too_many_failures: { status: 429, title: 'Too many credentials failed' },
  internal: { status: 500, title: 'Something failed inside' },
  busy: { status: 503, title: 'Too many requests at the moment' },
  store_unavailable: { status: 503, title: 'The store does not answer' },
  origins_unavailable: { status: 503, title: 'The request could not be passed on' },
  unconfigured: { status: 503, title: 'Configuration is missing' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof errorRegistry;

/** An error that may be shown to the caller. `detail` names no secret, path, host or internal message. */
export class KillswitchError extends Error {
  override readonly name = 'KillswitchError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, detail?: string, options?: ErrorOptions) {
    super(detail ?? errorRegistry[code].title, options);
    this.code = code;
  }

  get status(): number {
    return errorRegistry[this.code].status;
  }
}

/** Makes an error without a stack, which would take longer than most refusals and is never shown. */
export function stackless<T extends Error>(make: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** @param unread how many processes of this host cannot be read: one of them might be the agent's */
export const unknownAgent = (agentId: string, unread = 0): KillswitchError => {
  const unseen =
    unread > 0 ? `: it has no record, and this user may not read ${unread} processes of this host` : '';
  return new KillswitchError('agent_not_found', `Unknown agent ${agentId}${unseen}`);
};

/** For a credential that has failed, after too many of them (RFC 6585 section 4). */
export const tooManyFailures = (seconds: number): KillswitchError =>
  new KillswitchError(
    'too_many_failures',
    `Too many credentials from this network failed: for ${seconds} s, only a valid one is accepted`,
  );

/** Whether the store did not answer, which must never prevent a stop. */
export const isStoreDown = (error: unknown): boolean =>
  error instanceof KillswitchError && error.code === 'store_unavailable';

/** Any thrown value, as an error that may be shown. */
export const shown = (error: unknown): KillswitchError =>
  error instanceof KillswitchError ? error : new KillswitchError('internal', undefined, { cause: error });

/** RFC 9457 section 3, with our members `code` and `requestId`. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  code: ErrorCode;
  requestId: string;
}

/** Renders any thrown value. Whatever is not a {@link KillswitchError} becomes `internal` and says nothing else. */
export function toProblem(error: unknown, requestId: string): Problem {
  const known = shown(error);
  const { status, title } = errorRegistry[known.code];
  return {
    type: `urn:killswitch:error:${known.code}`,
    title,
    status,
    ...(known.code === 'internal' ? {} : { detail: known.message }),
    code: known.code,
    requestId,
  };
}
