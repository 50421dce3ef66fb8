import type { Actor } from '../../lib/domain/actor.js';
import { KillswitchError, toProblem } from '../../lib/domain/errors.js';
import { mergeAnswers } from '../../lib/gateway/merge.js';
import { type OriginAnswer, silence } from '../../lib/gateway/origin-answers.js';
import type { Log } from '../../lib/ports/runtime.js';
import type { ApiRequest, ApiResponse } from '../../lib/triggers/api-request.js';
import { parseJson } from '../../lib/util/parse-json.js';
import { readLimitedText, TooLargeError } from '../../lib/util/read-limited-text.js';
import type { Origin } from './settings.js';

/** A request as it is sent to origins. The signature covers the bytes of the body. */
export interface Parcel {
  readonly method: ApiRequest['method'];
  /** With its query. */
  readonly path: string;
  /** Empty if there is none. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** `content-type` and `idempotency-key`, as received. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Forwards a request to every origin in the actor's name and merges the answers. Never rejects. */
export type Forward = (actor: Actor, parcel: Parcel, requestId: string) => Promise<ApiResponse>;

interface Parts {
  readonly origins: readonly Origin[];
  /** Milliseconds for an origin's whole answer. */
  readonly timeoutMs: number;
  /** Makes a token in the actor's name, valid for this one request at this one origin. */
  readonly sign: (actor: Actor, parcel: Parcel, origin: Origin) => Promise<string>;
  readonly fetch: typeof globalThis.fetch;
  readonly log: Log;
}

/**
 * Bytes of one origin's answer. A receipt names at most 1,000 agents, each in about 1 KiB, rarely 4 KiB with long errors
 * and details. A Worker has 128 MB for all requests at a time.
 */
const MOST_BYTES = 4 * 1024 * 1024;

const answeredBy = async (response: Response): Promise<ApiResponse> => ({
  status: response.status,
  body: parseJson(await readLimitedText(response, MOST_BYTES)),
});

export function createForward({ origins, timeoutMs, sign, fetch, log }: Parts): Forward {
  async function ask({ name, url }: Origin, init: RequestInit, path: string): Promise<OriginAnswer> {
    try {
      // A redirect would send the signed request to another server.
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await fetch(url + path, { redirect: 'manual', ...init, signal });
      return { origin: name, answer: await answeredBy(response) };
    } catch (error) {
      const isTooLarge = error instanceof TooLargeError;
      const what = isTooLarge ? 'the answer of an origin is too large' : 'an origin did not answer';
      log.warn({ err: error, origin: name }, what);
      return { origin: name, ...(isTooLarge && { mostBytes: error.most }) };
    }
  }

  async function send(actor: Actor, parcel: Parcel, requestId: string): Promise<readonly OriginAnswer[]> {
    const { method, path, body, headers } = parcel;
    return await Promise.all(
      origins.map(async origin => {
        const authorization = `Bearer ${await sign(actor, parcel, origin)}`;
        const init = {
          method,
          headers: { ...headers, authorization, accept: 'application/json', 'x-request-id': requestId },
          ...(body.byteLength > 0 && { body }),
        };
        return ask(origin, init, path);
      }),
    );
  }

  /** A reset lets agents run again, so it is forwarded only if all origins answer. */
  async function refuseReset(requestId: string): Promise<ApiResponse | undefined> {
    const checks = await Promise.all(origins.map(origin => ask(origin, {}, '/healthz')));
    const silent = checks.filter(({ answer }) => answer?.status !== 200);
    if (silent.length === 0) return undefined;
    const names = silent.map(silence).join('; ');
    return problem(new KillswitchError('origins_unavailable', `Nothing was reset: ${names}`), requestId);
  }

  return async (actor, parcel, requestId) => {
    try {
      const isReset = parcel.method === 'DELETE' && parcel.path === '/latch';
      const refusal = isReset ? await refuseReset(requestId) : undefined;
      return refusal ?? mergeAnswers(parcel, await send(actor, parcel, requestId), requestId);
    } catch (error) {
      log.error({ err: error, requestId }, 'a request could not be forwarded');
      return problem(error, requestId);
    }
  };
}

function problem(error: unknown, requestId: string): ApiResponse {
  const body = toProblem(error, requestId);
  return { status: body.status, body };
}
