import * as z from 'zod';
import { answered, okAnswer } from '../../lib/client/answered.js';
import type { Commands } from '../../lib/client/commands.js';
import { describeLatch } from '../../lib/domain/wording.js';
import type { ApiResponse } from '../../lib/triggers/api-request.js';
import { latchShape, unknownLatchReply } from './replies.js';
import { type Reply, toAsker } from './reply.js';

const PAGE = 1_000;
const MAX_LISTED = 20;

const pageSchema = z.looseObject({
  agents: z.array(z.looseObject({ agentId: z.string() })),
  cursor: z.string().optional(),
});

function describePage(status: string, { body }: ApiResponse): string {
  const { data } = pageSchema.safeParse(body);
  if (!data) return `${status}: not known, because the records could not be read`;
  const ids = data.agents.slice(0, MAX_LISTED).map(({ agentId }) => agentId);
  const more = data.agents.length > MAX_LISTED || data.cursor !== undefined ? ', …' : '';
  const number = `${data.agents.length}${data.cursor === undefined ? '' : ' or more'}`;
  return `${status}: ${number}${ids.length > 0 ? ` (${ids.join(', ')}${more})` : ''}`;
}

/** The state of the emergency stop, and the agents that run or are about to. */
export async function statusReply({ latch, agents }: Commands): Promise<Reply> {
  const list = (status: 'running' | 'spawning'): Promise<ApiResponse> =>
    answered(agents.list({ status, limit: PAGE }), okAnswer);
  const [known, ...pages] = await Promise.all([
    answered(latch.status(), okAnswer),
    list('running'),
    list('spawning'),
  ]);
  const { data } = latchShape.safeParse(known.body);
  const lines = ['running', 'spawning'].map((status, at) => describePage(status, pages[at] ?? known));
  if (!data) {
    const { headline, lines: why } = unknownLatchReply(known);
    return toAsker(headline, [...why, ...lines]);
  }
  const [headline = '', ...more] = describeLatch(data);
  return toAsker(headline, [...more, ...(data.errors ?? []), ...lines]);
}
