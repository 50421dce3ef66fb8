import * as z from 'zod';
import { platformSettings } from '../../lib/config/platform-settings.js';
import { digest } from '../../lib/store/idempotency.js';
import { markdownLines } from '../../lib/triggers/markdown-lines.js';
import { parseTextCommand } from '../../lib/triggers/text-command.js';
import { fromHex } from '../../lib/util/crypto.js';
import { checked } from '../http/validate.js';
import { objectIn } from './json.js';
import { latch, secret, selectEverything } from './setup.js';
import type { OpenSource, ParsedDelivery } from './source.js';
import { killAllOrder, killOrder, type StopOrder } from './stop-order.js';
import { collected, ignored, isEverything, stopper } from './stop-request.js';
import { requireHmac, requireRecent } from './verify-signature.js';

/** The values of `author_association` that can be allowed; the others have no role in the repository. */
const KNOWN = ['OWNER', 'MEMBER', 'COLLABORATOR', 'CONTRIBUTOR'];

export const settingsSchema = z.object({
  SECRET: secret,
  SELECT: selectEverything,
  ASSOCIATIONS: z
    .string()
    .default('OWNER,MEMBER,COLLABORATOR')
    .transform(text => text.split(',').map(name => name.trim()))
    .refine(names => names.every(name => KNOWN.includes(name)), `must be some of ${KNOWN.join(',')}`)
    .describe('Whose comments may stop agents: associations with the repository, separated by commas.'),
  CLOSERS: z
    .string()
    .default('')
    .transform(text => text.split(',').map(name => name.trim().toLowerCase()))
    .refine(
      names => names.every(name => /^[a-z0-9[\]-]{0,64}$/.test(name)),
      'must be GitHub logins, separated by commas',
    )
    .describe(
      'Logins, separated by commas, whose closing of a pull request stops its agents, whatever their association with the repository.',
    ),
  PULL_REQUEST_LABEL: z
    .string()
    .max(128, 'must have at most 128 characters')
    .default('pull-request')
    .describe('The label of agents that names their pull request, as `owner/repository#12`.'),
  LATCH: latch,
});
/** Characters of a comment line that are repeated in the answer. */
const MOST_SHOWN = 200;

type Set = z.output<typeof settingsSchema>;

const person = z.looseObject({ login: z.string(), type: z.string().optional() });
const repository = z.looseObject({ full_name: z.string(), owner: person.optional() });

const commentSchema = z.looseObject({
  action: z.string(),
  issue: z.looseObject({ number: z.int() }),
  comment: z.looseObject({
    body: z.string(),
    author_association: z.string(),
    created_at: z.string(),
    user: person,
  }),
  repository,
  sender: person,
});

const pullRequestSchema = z.looseObject({
  action: z.string(),
  pull_request: z.looseObject({
    number: z.int(),
    closed_at: z.string().nullish(),
    merged: z.boolean().nullish(),
    author_association: z.string(),
    user: person,
    head: z.looseObject({ repo: z.looseObject({ full_name: z.string() }).nullish() }),
  }),
  repository,
  sender: person,
});

interface Signed {
  readonly body: Uint8Array;
  readonly given: Record<string, unknown>;
  readonly now: number;
}

const isBot = ({ type, login }: z.infer<typeof person>): boolean => type === 'Bot' || login.endsWith('[bot]');

/** What one line of a comment asks for, or why it asks for nothing. */
async function orderIn(line: string, { SELECT, LATCH }: Set, where: string, key: string) {
  const phrase = parseTextCommand(line.slice('/'.length));
  switch (phrase.verb) {
    case 'kill':
      return killOrder(phrase.agentId, { reason: phrase.reason ?? where }, key);
    case 'all': {
      const { selector, reason = where } = phrase;
      if (isEverything(selector) && SELECT === undefined) {
        return `${line}: this would stop every agent, which only KILLSWITCH_GITHUB_SELECT=everything allows`;
      }
      return killAllOrder({ reason, selector, ...(LATCH && { latch: true }) }, key);
    }
    default:
      return `${line}: ${phrase.verb === 'help' ? phrase.problem : 'this command cannot be used in a comment'}`;
  }
}

async function readComment({ body, given, now }: Signed, set: Set): Promise<ParsedDelivery> {
  const { action, comment, issue, repository, sender } = checked(commentSchema, given);
  if (action !== 'created') return ignored(`the comment was ${action}`);
  const lines = markdownLines(comment.body, line => /^\/kill(-all)?(\s|$)/i.test(line));
  if (lines.length === 0) return ignored('no line of the comment begins with /kill or /kill-all');
  requireRecent(comment.created_at, now);
  const { author_association: association, user } = comment;
  if (!set.ASSOCIATIONS.includes(association)) {
    return ignored(`${user.login} is ${association}, which KILLSWITCH_GITHUB_ASSOCIATIONS does not allow`);
  }
  const bot = [sender, user].find(isBot);
  if (bot) return ignored(`${bot.login} is a bot, and only comments of people count`);
  const where = `${repository.full_name}#${issue.number}`;
  const found = lines.map(
    async ({ text, within }, at): Promise<StopOrder | string> =>
      within === undefined
        ? orderIn(text, set, where, await digest(body, `${at}`))
        : `${text.slice(0, MOST_SHOWN)}: it is inside ${within}`,
  );
  return collected(stopper(`github:${user.login}`, set.LATCH), await Promise.all(found));
}

type Closed = z.infer<typeof pullRequestSchema>;

/**
 * Says why it is not certain that this person has rights on the repository; `undefined` if it is certain. The delivery
 * holds the association of the author only. Merging, or closing the pull request of another person, needs rights on
 * the repository; but a pull request from a fork is also closed by deleting the fork or its branch, which needs none.
 */
function whyCloserIsRefused({ pull_request, repository, sender }: Closed, set: Set): string | undefined {
  const { merged, user, head, author_association: association } = pull_request;
  const name = sender.login.toLowerCase();
  const isOwner = repository.owner?.login.toLowerCase() === name;
  if (merged || isOwner || set.CLOSERS.includes(name)) return undefined;
  const may = 'so it is not known whether they may stop agents: KILLSWITCH_GITHUB_CLOSERS can name them';
  if (user.login.toLowerCase() === name) {
    return set.ASSOCIATIONS.includes(association)
      ? undefined
      : `${sender.login} closed their own pull request and is ${association}, ${may}`;
  }
  return head.repo?.full_name === repository.full_name
    ? undefined
    : `${sender.login} closed a pull request of ${user.login} from a fork, ${may}`;
}

/** Stops the agents of a pull request when it is closed, merged or not. */
async function readPullRequest({ body, given, now }: Signed, set: Set): Promise<ParsedDelivery> {
  const delivered = checked(pullRequestSchema, given);
  const { action, pull_request: closed, repository, sender } = delivered;
  if (action !== 'closed') return ignored(`the pull request was ${action}`);
  requireRecent(closed.closed_at, now);
  const refusal = whyCloserIsRefused(delivered, set);
  if (refusal !== undefined) return ignored(refusal);
  const name = `${repository.full_name}#${closed.number}`;
  const selector = { labels: { [set.PULL_REQUEST_LABEL]: name } };
  const words = { reason: `${name} was closed`, selector, ...(set.LATCH && { latch: true }) };
  return collected(stopper(`github:${sender.login}`, set.LATCH), [killAllOrder(words, await digest(body))]);
}

/**
 * GitHub: comments with commands, and closed pull requests. The headers are not signed, so the event's name counts only
 * together with a body that fits it, and the delivery's ID is not used.
 * @see https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export const github: OpenSource = settings => {
  const set = platformSettings(settings, 'GITHUB', settingsSchema);
  if (!set) return undefined;
  return {
    async read({ headers, body, now }) {
      const [, signature = ''] = /^sha256=(\w+)$/.exec(headers.get('x-hub-signature-256') ?? '') ?? [];
      await requireHmac([set.SECRET], body, [fromHex(signature)]);
      const signed = { body, given: objectIn(body), now };
      const event = headers.get('x-github-event');
      if (event === 'issue_comment') return readComment(signed, set);
      if (event === 'pull_request') return readPullRequest(signed, set);
      return ignored('the event is neither issue_comment nor pull_request');
    },
  };
};
