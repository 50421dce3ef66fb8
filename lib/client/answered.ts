import type { ApiResponse } from '../triggers/api-request.js';
import { ClientError } from './error.js';
import type { Answer, LatchStatus } from './responses.js';

/**
 * Converts the result of a command, whichever way it was carried out, into an answer of the HTTP contract.
 * @param read makes the answer of what the command resolves with
 * @throws whatever is not a {@link ClientError}
 */
export async function answered<T>(
  command: Promise<T>,
  read: (value: T) => ApiResponse,
): Promise<ApiResponse> {
  try {
    return read(await command);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return { status: error.status ?? 503, body: error.body };
  }
}

export const stopAnswer = ({ status, receipt }: Answer<unknown>): ApiResponse => ({ status, body: receipt });

/** 202 where not every origin behind a gateway did it. */
export const latchStatusAnswer = (latch: LatchStatus): ApiResponse => ({
  status: latch.errors ? 202 : 200,
  body: latch,
});

export const okAnswer = (body: unknown): ApiResponse => ({ status: 200, body });
