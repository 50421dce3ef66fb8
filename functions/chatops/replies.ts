import * as z from 'zod';
import { latchStatus } from '../../lib/client/latch-status.js';
import { reliedOn } from '../../lib/client/schema.js';
import type { Scope } from '../../lib/domain/actor.js';
import { describeLatch } from '../../lib/domain/wording.js';
import type { ApiResponse } from '../../lib/triggers/api-request.js';
import type { Person, PlatformContext } from './interaction.js';
import { type Reply, toAsker, toChannel } from './reply.js';

/** The members of an answer of `/latch` that replies use. */
export const latchShape = reliedOn(latchStatus);

export const askedBy = ({ name }: Person, reason?: string): string =>
  `asked by ${name}${reason === undefined ? '' : `: ${reason}`}`;

const HELP = [
  '/killswitch kill <id> [reason]: stop one agent at once',
  '/killswitch all [selector] [reason]: stop every selected agent, after a confirmation',
  '/killswitch status: show the emergency stop and the running agents',
  '/killswitch latch [selector] [reason]: let no selected agent start until a reset',
  '/killswitch reset <reason>: let agents start again',
  'A selector is one or more of: agent=a1 task=t1 host=h1 status=running label:team=core',
];

export const helpReply = (problem: string | undefined): Reply =>
  problem === undefined
    ? toAsker('Commands of killswitch', HELP)
    : toAsker(`Nothing was done: ${problem}`, HELP);

/** Names the scope that the person lacks, and the rule that would give it. */
export const denialReply = ({ variable }: PlatformContext, { subject, rule }: Person, scope: Scope): Reply =>
  toAsker('Nothing was done: you may not do this here', [
    `It needs the scope ${scope}, which ${subject} does not have.`,
    `Ask an operator of killswitch to allow it in ${variable}, such as with ${rule}=${scope}`,
  ]);

const problemSchema = z.looseObject({ title: z.string(), detail: z.string().optional() });

const detailOf = (body: unknown): string => {
  const { data } = problemSchema.safeParse(body);
  return data ? (data.detail ?? data.title) : 'The server gave no answer that can be read';
};

interface Headlines {
  readonly refused: string;
  /** For any status but 4xx: the command may have had an effect. */
  readonly unknown: string;
}

/** What went wrong, as the HTTP contract says it. */
export const problemReply = ({ status, body }: ApiResponse, { refused, unknown }: Headlines): Reply =>
  toChannel(status >= 400 && status < 500 ? refused : unknown, [detailOf(body)]);

/** Names the origins behind a gateway that did not change it. */
export function partialLatchReply(body: unknown, asked: string): Reply {
  const { errors = [] } = latchShape.safeParse(body).data ?? {};
  return toChannel('The emergency stop was not changed everywhere', [...errors, asked]);
}

export const unknownLatchReply = ({ body }: ApiResponse): Reply =>
  toChannel('The state of the emergency stop could not be read', [detailOf(body)]);

/** The state of the emergency stop after it was changed. */
export function latchReply(answer: ApiResponse, asked: string): Reply {
  const { data } = latchShape.safeParse(answer.body);
  if (!data) return unknownLatchReply(answer);
  const [headline = '', ...more] = describeLatch(data);
  const note = data.engaged
    ? 'Agents that run already go on: stop them with /killswitch all'
    : 'The reset started no agent';
  return toChannel(headline, [...more, note, asked]);
}
