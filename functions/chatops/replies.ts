import * as z from 'zod';
import { latchStatus } from '../../lib/client/latch-status.js';
import { reliedOn } from '../../lib/client/schema.js';
import type { Scope } from '../../lib/domain/actor.js';
import { describeLatch } from '../../lib/domain/wording.js';
import type { Person, Stage } from './acknowledge.js';
import { type Reply, toAsker, toChannel } from './reply.js';

/** What is relied on in an answer of `/latch`. */
export const latchShape = reliedOn(latchStatus);

export const by = ({ name }: Person, reason?: string): string =>
  `asked by ${name}${reason === undefined ? '' : `: ${reason}`}`;

const HELP = [
  '/killswitch kill <id> [reason]',
  '/killswitch all [selector] [reason], to be confirmed',
  '/killswitch status',
  '/killswitch latch [selector] [reason]: nobody selected may start to run',
  '/killswitch reset <reason>: they may again',
  'A selector is any of agent=a1 task=t1 host=h1 status=running label:team=core',
];

export const helpReply = (problem: string | undefined): Reply =>
  problem === undefined ? toAsker('What I do', HELP) : toAsker(`Nothing was done: ${problem}`, HELP);

/** That somebody may not, and whom to ask. */
export const denial = ({ variable }: Stage, { subject, rule }: Person, scope: Scope): Reply =>
  toAsker(`Nothing was done: you may not do this here`, [
    `It takes the scope ${scope}, which ${subject} does not have.`,
    `Ask whoever runs killswitch to allow it in ${variable}, such as with ${rule}=${scope}`,
  ]);

const problemSchema = z.looseObject({ title: z.string(), detail: z.string().optional() });

/** What the HTTP contract says went wrong. */
export function problemReply(body: unknown, headline: string): Reply {
  const { data } = problemSchema.safeParse(body);
  return toChannel(headline, [data ? (data.detail ?? data.title) : 'No answer came that could be read']);
}

/** That not every origin behind a gateway changed it, and which did not. */
export function partialLatchReply(body: unknown, asked: string): Reply {
  const { errors = [] } = latchShape.safeParse(body).data ?? {};
  return toChannel('The emergency stop was not changed everywhere', [...errors, asked]);
}

/** How the latch stands now. */
export function latchReply(body: unknown, asked: string): Reply {
  const { data } = latchShape.safeParse(body);
  if (!data) return problemReply(body, 'It is not known how the emergency stop stands');
  const [headline = '', ...more] = describeLatch(data);
  const note = data.engaged
    ? ['Whoever runs now goes on: stop them with /killswitch all']
    : ['Nobody was started by that'];
  return toChannel(headline, [...more, ...note, asked]);
}
