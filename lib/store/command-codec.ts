import * as z from 'zod';
import { type Actor, scopes } from '../domain/actor.js';
import { agentIdSchema } from '../domain/agent.js';
import { STOPPING } from '../domain/authorize.js';
import { type Command, killAllBodySchema, killBodySchema } from '../domain/command.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { parseJson } from '../util/parse-json.js';
import { readSigned, type Signing, signText } from './signed-text.js';

/** The actor of a stored command whose signature is not ours. */
export const UNVERIFIED_SUBJECT = 'unverified';

/** As in the schemas of `domain/command.ts`. */
const LONGEST_REASON = 1_000;

const narrowing = z.string().optional();
const common = {
  operationId: z.string(),
  requestedAt: z.string(),
  wereActive: z.array(agentIdSchema).optional(),
  requestId: z.string().optional(),
  actor: z.object({
    kind: z.enum(['token', 'local', 'trigger']),
    subject: z.string(),
    source: z.string().optional(),
    scopes: z.array(z.enum(scopes)),
    unverified: z.literal(true).optional(),
    within: z.object({ agentId: narrowing, taskId: narrowing, host: narrowing }),
  }),
};
const intentSchema = z.discriminatedUnion('type', [
  killBodySchema.extend({ ...common, type: z.literal('kill'), agentId: agentIdSchema }),
  killAllBodySchema.required({ selector: true }).extend({ ...common, type: z.literal('kill-all') }),
]);

/** Encodes a command as signed text, from which any process can resume it after this one has died. */
export function encodeCommand(signing: Signing, command: Command, requestedAt: string): string {
  const actor = { ...command.actor, scopes: [...command.actor.scopes] };
  const text = JSON.stringify({ requestedAt, ...command, actor });
  return signText(signing, 'intent', command.operationId, text);
}

/**
 * For a text that any writer of the store may have made: the subject that it names is quoted in the reason, and the
 * command runs as `unverified`.
 */
function unverified(command: Command): Command {
  const { actor, reason } = command;
  const claimed = `not verified, in the name of ${JSON.stringify(actor.subject)}`;
  return {
    ...command,
    actor: {
      kind: 'local',
      subject: UNVERIFIED_SUBJECT,
      scopes: STOPPING,
      within: actor.within,
      unverified: true,
    },
    reason: (reason === undefined ? claimed : `${claimed}: ${reason}`).slice(0, LONGEST_REASON),
  };
}

/**
 * Decodes a stored command; `undefined` if the text is not one. A bad signature does not prevent a stop: the command
 * then runs as `unverified`.
 * @param id of the operation that the text was stored under
 */
export function decodeCommand(signing: Signing, id: string, raw: string): Command | undefined {
  const { text, isOurs } = readSigned(signing, 'intent', id, raw);
  const { data } = intentSchema.safeParse(parseJson(text));
  if (!data) return undefined;
  const { scopes: granted, within, ...who } = data.actor;
  const actor = omitUndefined<Actor>({ ...who, scopes: new Set(granted), within: omitUndefined(within) });
  const command = omitUndefined<Command>({ ...data, operationId: id, actor } as Command);
  return isOurs ? command : unverified(command);
}
