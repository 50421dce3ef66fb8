import * as z from 'zod';
import { ConfigError } from '../../lib/config/config-error.js';
import { platformSettings, type Settings } from '../../lib/config/platform-settings.js';
import { type EventType, eventTypes, usualEvents } from '../../lib/notify/event.js';
import { fromBase64 } from '../../lib/util/crypto.js';
import { isSecureUrl } from '../../lib/util/secure-url.js';

export const kinds = ['webhook', 'slack', 'discord', 'mattermost'] as const;
export type Kind = (typeof kinds)[number];

/** The settings of a receiver of notifications. */
export interface TargetSettings {
  readonly name: string;
  /** Secret: for a chat, the URL alone gives the right to post. */
  readonly url: string;
  readonly kind: Kind;
  /** Each of them signs, so that they can be rotated. Empty for a chat, whose messages are not signed. */
  readonly secrets: readonly Uint8Array<ArrayBuffer>[];
  readonly events: readonly EventType[];
}

const PREFIX = 'KILLSWITCH_NOTIFY_';
const VARIABLE = /^KILLSWITCH_NOTIFY_([A-Z0-9]+(?:_[A-Z0-9]+)*)_(URL|SECRET|KIND|EVENTS)$/;

/** Standard Webhooks: 24 to 64 random bytes. */
function keyOf(secret: string): Uint8Array<ArrayBuffer> | undefined {
  const key = secret.startsWith('whsec_') ? fromBase64(secret.slice('whsec_'.length)) : undefined;
  return key && key.byteLength >= 24 && key.byteLength <= 64 ? key : undefined;
}

const secretsSchema = z
  .string()
  .transform(text => text.trim().split(/\s+/).map(keyOf))
  .transform((keys, context) => {
    const good = keys.filter(key => key !== undefined);
    if (good.length === keys.length) return good;
    const message = 'must be whsec_ and the base64 of 24 to 64 bytes, such as from: openssl rand -base64 32';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

const eventsSchema = z
  .string()
  .transform(text => text.split(',').map(name => name.trim()))
  .pipe(z.array(z.enum(eventTypes, `must be a list of: ${eventTypes.join(', ')}`)));

export const targetSchema = z.object({
  URL: z
    .string()
    .refine(isSecureUrl, 'must be an https:// URL without a password (http:// to this machine alone)')
    .describe(
      'Where to send: an https URL. The URL of a chat is a secret, as it alone gives the right to post.',
    ),
  KIND: z
    .enum(kinds, `must be ${kinds.join(', ')}`)
    .default('webhook')
    .describe(`What takes the message: ${kinds.map(kind => `\`${kind}\``).join(', ')}.`),
  SECRET: secretsSchema
    .optional()
    .describe(
      'Signs a `webhook`, which needs it: `whsec_` and the base64 of 24 to 64 bytes, or several separated by spaces while it is being rotated. A chat takes none.',
    ),
  EVENTS: eventsSchema.optional().meta({
    usual: 'all but `killswitch.denied`',
    description: `Which events are sent, separated by commas: ${eventTypes.map(type => `\`${type}\``).join(', ')}.`,
  }),
});

function targetOf(settings: Settings, name: string): TargetSettings[] {
  const own = Object.entries(settings).filter(([variable]) => VARIABLE.exec(variable)?.[1] === name);
  const found = platformSettings(Object.fromEntries(own), `NOTIFY_${name}`, targetSchema);
  if (!found) return [];
  const { URL: url, KIND: kind, SECRET: secrets = [], EVENTS: events = usualEvents } = found;
  if (kind === 'webhook' && secrets.length === 0) {
    throw new ConfigError([`${PREFIX}${name}_SECRET must be set: a webhook is signed with it`]);
  }
  if (kind !== 'webhook' && secrets.length > 0) {
    throw new ConfigError([`${PREFIX}${name}_SECRET must not be set: messages to ${kind} are not signed`]);
  }
  return [{ name, url, kind, secrets, events }];
}

/**
 * All receivers: `KILLSWITCH_NOTIFY_<NAME>_URL`, `_KIND`, `_SECRET`, `_EVENTS`, for any number of names.
 * @throws ConfigError that names each bad variable, without its value
 */
export function notifySettings(settings: Settings): readonly TargetSettings[] {
  const ours = Object.keys(settings).filter(variable => variable.startsWith(PREFIX) && settings[variable]);
  const problems = ours
    .filter(variable => !VARIABLE.test(variable))
    .map(
      variable => `${variable} is not a setting; there are ${PREFIX}<NAME>_URL, _KIND, _SECRET and _EVENTS`,
    );
  const names = new Set(ours.flatMap(variable => VARIABLE.exec(variable)?.[1] ?? []));
  const targets = [...names].sort().flatMap(name => {
    try {
      return targetOf(settings, name);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      return [];
    }
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return targets;
}
