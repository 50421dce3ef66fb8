import { StatusError } from './modem.js';

/**
 * - `unanswered`: no whole answer by the deadline; the call may still be carried out
 * - `unreachable`: no engine listens there
 * - `forbidden`: this user may not connect to it
 * - `broken`: the connection or the answer was not usable
 * - `status`: answered, but with no success; see `statusCode`
 */
export type EngineFailure = 'unanswered' | 'unreachable' | 'forbidden' | 'broken' | 'status';

/** Why a call of the engine did not succeed. The driver's own error is the `cause`, for the log alone. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly reason: EngineFailure;
  readonly statusCode: number | undefined;

  constructor(reason: EngineFailure, options: { cause: unknown; statusCode?: number }) {
    super(`The call of the engine failed: ${reason}`, options);
    this.reason = reason;
    this.statusCode = options.statusCode;
  }
}

export function toEngineError(cause: unknown): EngineError {
  if (cause instanceof StatusError) return new EngineError('status', { cause, statusCode: cause.statusCode });
  const { name, code, syscall } = cause as NodeJS.ErrnoException;
  if (name === 'TimeoutError') return new EngineError('unanswered', { cause });
  // Only these prove that no engine listens: connect also fails for want of file descriptors.
  const isAbsent = code === 'ECONNREFUSED' || (code === 'ENOENT' && syscall === 'connect');
  if (isAbsent) return new EngineError('unreachable', { cause });
  const forbidden = (code === 'EACCES' || code === 'EPERM') && syscall === 'connect';
  return new EngineError(forbidden ? 'forbidden' : 'broken', { cause });
}

/** What a call failed with; undefined if it did not. @throws whatever else it rejects with */
export async function failureOf(call: Promise<unknown>): Promise<EngineError | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
}
