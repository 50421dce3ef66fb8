import * as z from 'zod';
import { agentIdSchema } from './agent.js';
import { type Actor, type Command, killAllBodySchema, killBodySchema, scopes } from './command.js';
import { present } from './present.js';

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
    within: z.object({ agentId: narrowing, taskId: narrowing, host: narrowing }),
  }),
};
const intentSchema = z.discriminatedUnion('type', [
  killBodySchema.extend({ ...common, type: z.literal('kill'), agentId: agentIdSchema }),
  killAllBodySchema.required({ selector: true }).extend({ ...common, type: z.literal('kill-all') }),
]);

/** A command as text, so that whoever finds it can carry it on after this process has died. */
export const writeIntent = (command: Command, requestedAt: string): string =>
  JSON.stringify({ requestedAt, ...command, actor: { ...command.actor, scopes: [...command.actor.scopes] } });

/** The command, with when it was asked for; `undefined` for what is no intent of ours. */
export function readIntent(text: string): Command | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { data } = intentSchema.safeParse(value);
  if (!data) return undefined;
  const { scopes: granted, within, ...who } = data.actor;
  const actor = present<Actor>({ ...who, scopes: new Set(granted), within: present(within) });
  return present<Command>({ ...data, actor } as Command);
}
