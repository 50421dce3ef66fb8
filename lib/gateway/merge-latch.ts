import * as z from 'zod';
import type { LatchStatus } from '../client/responses.js';
import type { ApiRequest, ApiResponse } from '../triggers/api-request.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { missed, notDone, type OriginAnswer, partsOf, sortAnswers } from './origin-answers.js';

const hold = z.looseObject({ since: z.string(), by: z.string() });
const shape = z.looseObject({
  engaged: z.boolean(),
  holds: z.array(hold).optional(),
}) as unknown as z.ZodType<LatchStatus>;

type Hold = NonNullable<LatchStatus['holds']>[number];

const holdsOf = ({ engaged: _, holds, ...one }: LatchStatus): readonly Hold[] =>
  holds ?? (hold.safeParse(one).success ? [one as Hold] : []);

/** Whether the merged latch counts as engaged, depending on the method: never safer than what the origins say. */
const isEngaged = (method: ApiRequest['method'], states: readonly boolean[], all: boolean): boolean => {
  switch (method) {
    case 'POST':
      return all && !states.includes(false);
    case 'DELETE':
      return !all || states.includes(true);
    case 'GET':
      return states.includes(true);
  }
};

/**
 * Merges the answers to `/latch`. After `POST` it is engaged if every origin says so; after `DELETE` it is released if
 * every origin says so; for `GET` it is engaged if any origin says so. Each origin that says otherwise, or nothing, is
 * named in `errors`, and the status is 202.
 */
export function mergeLatch(
  method: ApiRequest['method'],
  answers: readonly OriginAnswer[],
  requestId: string,
): ApiResponse {
  const sorted = sortAnswers(answers, shape);
  const { given } = sorted;
  if (given.length === 0) return notDone(sorted, requestId);

  const missing = missed(sorted);
  const states = given.map(({ body }) => body.engaged);
  const engaged = isEngaged(method, states, missing.length === 0);
  const aim = method === 'GET' ? engaged : method === 'POST';
  const others = given
    .filter(({ body }) => body.engaged !== aim)
    .map(({ origin }) => `origin ${origin}: the emergency stop is ${aim ? 'not' : 'still'} engaged`);
  const errors = [...missing, ...others];
  const texts = new Set(given.flatMap(({ body }) => holdsOf(body)).map(one => JSON.stringify(one)));
  const holds = [...texts].map(text => JSON.parse(text) as Hold);
  const body = omitUndefined({
    engaged,
    ...holds[0],
    holds: holds.length > 1 ? holds : undefined,
    errors: errors.length > 0 ? errors : undefined,
    origins: partsOf(sorted),
  });
  return { status: errors.length > 0 ? 202 : 200, body };
}
