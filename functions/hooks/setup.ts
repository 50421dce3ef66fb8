import * as z from 'zod';
import { EVERYTHING, type Mapping, parseMapping } from '../../lib/triggers/event-mapping.js';

/** Random text of this length cannot be guessed offline from an intercepted delivery. */
const SECRET_LENGTH = 16;
const TOO_SHORT = `must have at least ${SECRET_LENGTH} characters`;

export const secret = z
  .string()
  .min(SECRET_LENGTH, TOO_SHORT)
  .describe(`The secret that the platform signs with, at least ${SECRET_LENGTH} characters.`);

/** One secret, or several separated by spaces, while they are being replaced. */
export const secrets = z
  .string()
  .transform(text => text.split(/\s+/).filter(word => word !== ''))
  .refine(
    words => words.length > 0 && words.every(({ length }) => length >= SECRET_LENGTH),
    `${TOO_SHORT} each`,
  )
  .describe(
    `The secret that the platform signs with, at least ${SECRET_LENGTH} characters; several, separated by spaces, while it is being replaced.`,
  );

/** `SELECT` of a platform whose events do not name agents. */
export const select = z
  .string(`must be set: which agents an event is about, as in agentIds=labels.agent_id, or ${EVERYTHING}`)
  .transform((text, check): Mapping => {
    const mapping = parseMapping(text);
    if (mapping === EVERYTHING || !('problem' in mapping)) return mapping;
    check.addIssue(mapping.problem);
    return z.NEVER;
  })
  .describe(
    `Which agents an event is about, as in \`agentIds=labels.agent_id\`; \`${EVERYTHING}\` stops every agent.`,
  );

/** `SELECT` of a platform whose events name agents. */
export const selectEverything = z
  .literal(EVERYTHING, `must be unset, or ${EVERYTHING}, which lets an empty selector stop every agent`)
  .optional()
  .describe(`\`${EVERYTHING}\` lets an empty selector stop every agent.`);

/** `LATCH`: whether a kill-all engages the emergency stop too. */
export const latch = z
  .enum(['true', 'false'], 'must be true or false')
  .default('false')
  .transform(text => text === 'true')
  .describe('`true`: a stop of many agents engages the emergency stop too.');
