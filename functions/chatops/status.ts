import * as z from 'zod';
import { shapes } from '../../lib/client/responses.js';
import type { Answered, Order } from '../../lib/triggers/api-request.js';
import { latchInWords, problemReply } from './replies.js';
import { type Reply, toAsker } from './reply.js';

const PAGE = 1_000;
const MOST = 20;

const pageSchema = z.looseObject({
  agents: z.array(z.looseObject({ agentId: z.string() })),
  cursor: z.string().optional(),
});

const list = (status: string): Order => ({ method: 'GET', path: `/agents?status=${status}&limit=${PAGE}` });

function inWords(status: string, { body }: Answered): string {
  const { data } = pageSchema.safeParse(body);
  if (!data) return `${status}: not known, the records could not be read`;
  const ids = data.agents.slice(0, MOST).map(({ agentId }) => agentId);
  const more = data.agents.length > MOST || data.cursor !== undefined ? ', …' : '';
  const number = `${data.agents.length}${data.cursor === undefined ? '' : ' or more'}`;
  return `${status}: ${number}${ids.length > 0 ? ` (${ids.join(', ')}${more})` : ''}`;
}

/** How the emergency stop stands, and who runs. */
export async function statusReply(perform: (order: Order) => Promise<Answered>): Promise<Reply> {
  const [latch, ...pages] = await Promise.all([
    perform({ method: 'GET', path: '/latch' }),
    perform(list('running')),
    perform(list('spawning')),
  ]);
  const { data } = shapes.latch.safeParse(latch.body);
  const lines = ['running', 'spawning'].map((status, at) => inWords(status, pages[at] ?? latch));
  if (!data) {
    const { headline, lines: why } = problemReply(
      latch.body,
      'It is not known how the emergency stop stands',
    );
    return toAsker(headline, [...why, ...lines]);
  }
  const [headline = '', ...more] = latchInWords(data);
  return toAsker(headline, [...more, ...lines]);
}
