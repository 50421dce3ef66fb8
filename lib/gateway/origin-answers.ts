import * as z from 'zod';
import { type ErrorCode, errorRegistry, KillswitchError, type Problem, toProblem } from '../domain/errors.js';
import type { ApiResponse } from '../triggers/api-request.js';
import { omitUndefined } from '../util/omit-undefined.js';

/** What came of an order at one origin: a host, or several behind one address. */
export interface OriginAnswer {
  readonly origin: string;
  /** Absent: none came in time. */
  readonly answer?: ApiResponse | undefined;
  /** There is no answer, for the one that came has more bytes than so many and was not read. */
  readonly mostBytes?: number;
}

/** The answers, told apart by what can be relied on. */
export interface Sorted<T> {
  readonly all: readonly OriginAnswer[];
  /** It did what was asked, or began to. */
  readonly given: readonly { readonly origin: string; readonly status: number; readonly body: T }[];
  /** It says why it will not. */
  readonly refusals: readonly { readonly origin: string; readonly problem: Problem }[];
  /** It is not known what came of it there: a sentence each. */
  readonly silent: readonly string[];
}

/** What every merged answer tells on top: each origin, and its part. */
export interface OriginPart {
  readonly name: string;
  /** Absent: it did not answer. */
  readonly status?: number;
  /** Of the operation there, for one that it accepted. */
  readonly operationId?: string;
  /** Of the emergency stop there. */
  readonly engaged?: boolean;
}

const problemShape = z.looseObject({
  title: z.string(),
  status: z.int(),
  code: z.string().refine((code): code is ErrorCode => Object.hasOwn(errorRegistry, code)),
  detail: z.string().optional(),
}) as unknown as z.ZodType<Problem>;

/** No word on the order: it was the gateway's own token that did not hold there; after many such it is told 429. */
const isOfToken = (status: number): boolean => status === 401 || status === 429;

/** Why it is not known what came of an order at one origin. */
export function silence({ origin, answer, mostBytes }: OriginAnswer): string {
  if (mostBytes !== undefined) return `origin ${origin} answered with more than ${mostBytes} bytes`;
  if (!answer) return `origin ${origin} did not answer`;
  if (isOfToken(answer.status))
    return `origin ${origin} does not take the gateway's token: see KILLSWITCH_JWKS and KILLSWITCH_PUBLIC_URL there`;
  return `origin ${origin} did not answer: status ${answer.status}, and not as a killswitch does`;
}

/**
 * An answer that is not in the shape of the contract, such as a proxy's page, counts as none; so does one that
 * contradicts itself.
 * @param oddIn what does not add up in a body of that shape
 */
export function sortAnswers<T>(
  all: readonly OriginAnswer[],
  shape: z.ZodType<T>,
  oddIn: (body: T, status: number) => string | undefined = () => undefined,
): Sorted<T> {
  const given: Sorted<T>['given'][number][] = [];
  const refusals: Sorted<T>['refusals'][number][] = [];
  const silent: string[] = [];
  for (const one of all) {
    const { origin, answer: { status, body } = { status: 0, body: undefined } } = one;
    const done = status === 200 || status === 202 ? shape.safeParse(body) : undefined;
    const refused =
      status >= 400 && status < 500 && !isOfToken(status) ? problemShape.safeParse(body) : undefined;
    const odd = done?.success ? oddIn(done.data, status) : undefined;
    if (odd !== undefined) silent.push(`origin ${origin} gave an answer that does not add up: ${odd}`);
    else if (done?.success) given.push({ origin, status, body: done.data });
    else if (refused?.success) refusals.push({ origin, problem: refused.data });
    else silent.push(silence(one));
  }
  return { all, given, refusals, silent };
}

export const isRefusedFor =
  (...codes: readonly ErrorCode[]) =>
  ({ problem }: { readonly problem: Problem }): boolean =>
    codes.includes(problem.code);

/**
 * A sentence for each origin that did not do as asked.
 * @param fine codes that mean that there is nothing to do there
 */
export const missed = (
  { silent, refusals }: Pick<Sorted<unknown>, 'silent' | 'refusals'>,
  ...fine: readonly ErrorCode[]
): string[] => [
  ...silent,
  ...refusals
    .filter(one => !isRefusedFor(...fine)(one))
    .map(({ origin, problem }) => `origin ${origin}: ${problem.detail ?? problem.title}`),
];

/** From what says the most of the order to what says the least. */
const weightOf = ({ code }: Problem): number =>
  code === 'agent_not_found' || code === 'operation_not_found' ? 2 : code === 'invalid_state' ? 1 : 0;

/**
 * The answer where no origin did it. While one of them is silent that is no refusal: it may yet have to be asked
 * again.
 */
export function notDone(sorted: Sorted<unknown>, requestId: string): ApiResponse {
  const [first] = [...sorted.refusals].sort((a, b) => weightOf(a.problem) - weightOf(b.problem));
  if (first && sorted.silent.length === 0) {
    return { status: first.problem.status, body: { ...first.problem, requestId } };
  }
  const error = new KillswitchError('origins_unavailable', missed(sorted).join('; '));
  return { status: error.status, body: toProblem(error, requestId) };
}

export const partsOf = <T extends { readonly operationId?: string; readonly engaged?: boolean }>({
  all,
  given,
}: Sorted<T>): OriginPart[] =>
  all.map(({ origin, answer }) => {
    const body = given.find(one => one.origin === origin)?.body;
    return omitUndefined<OriginPart>({
      name: origin,
      status: answer?.status,
      operationId: body?.operationId,
      engaged: body?.engaged,
    });
  });
