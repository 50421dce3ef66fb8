import * as z from 'zod';
import { type ErrorCode, errorRegistry, KillswitchError, type Problem, toProblem } from '../domain/errors.js';
import type { ApiResponse } from '../triggers/api-request.js';
import { omitUndefined } from '../util/omit-undefined.js';

/** The answer of one origin to a request; an origin is a host, or several behind one address. */
export interface OriginAnswer {
  readonly origin: string;
  /** Absent: none came in time. */
  readonly answer?: ApiResponse | undefined;
  /** Set if the answer was larger than this many bytes and was not read. */
  readonly mostBytes?: number;
}

/** The answers sorted by kind. */
export interface Sorted<T> {
  readonly all: readonly OriginAnswer[];
  /** Accepted: the origin did what was asked, or began to. */
  readonly given: readonly { readonly origin: string; readonly status: number; readonly body: T }[];
  /** Refused, with a problem document. */
  readonly refusals: readonly { readonly origin: string; readonly problem: Problem }[];
  /** A sentence for each origin of which the result is unknown. */
  readonly silent: readonly string[];
}

/** An entry of `origins` in every merged answer. */
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

/** These say nothing about the request: the origin rejects the gateway's own token, and after many such answers 429. */
const isOfToken = (status: number): boolean => status === 401 || status === 429;

/** Why the result of a request at one origin is unknown. */
export function silence({ origin, answer, mostBytes }: OriginAnswer): string {
  if (mostBytes !== undefined) return `origin ${origin} answered with more than ${mostBytes} bytes`;
  if (!answer) return `origin ${origin} did not answer`;
  if (isOfToken(answer.status))
    return `origin ${origin} does not take the gateway's token: see KILLSWITCH_JWKS and KILLSWITCH_PUBLIC_URL there`;
  return `origin ${origin} did not answer: status ${answer.status}, and not as a killswitch does`;
}

/**
 * Sorts answers. One that does not match the contract, such as a proxy's page, or contradicts itself, counts as none.
 * @param oddIn finds a contradiction in a body that matches the contract
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
 * A sentence for each origin that did not do what was asked.
 * @param fine codes of problems that mean that there is nothing to do at the origin
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

/** Rank of a problem, the most informative first. */
const weightOf = ({ code }: Problem): number =>
  code === 'agent_not_found' || code === 'operation_not_found' ? 2 : code === 'invalid_state' ? 1 : 0;

/**
 * The answer if no origin did it. While one is silent, that is not a refusal: the request may have to be repeated.
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
