import * as z from 'zod';
import { platformSettings } from '../../lib/config/platform-settings.js';
import { fromBase64, isSecret } from '../../lib/util/crypto.js';
import { readAlerts } from './alerts.js';
import { latch, secret, select } from './setup.js';
import type { OpenSource } from './source.js';
import { stopper } from './stop-request.js';
import { unproven } from './verify-signature.js';

export const settingsSchema = z
  .object({
    TOKEN: secret.optional().describe('The bearer token.'),
    USER: z
      .string()
      .regex(/^[^:]+$/, 'must not contain a colon (RFC 7617 section 2)')
      .optional()
      .describe('The user name, without a colon.'),
    PASSWORD: secret.optional().describe('The password.'),
    SELECT: select,
    LATCH: latch,
  })
  .refine(({ USER, PASSWORD }) => USER !== undefined || PASSWORD === undefined, {
    path: ['USER'],
    message: 'must be set together with the password',
  })
  .refine(({ USER, PASSWORD }) => PASSWORD !== undefined || USER === undefined, {
    path: ['PASSWORD'],
    message: 'must be set together with the user',
  })
  .refine(({ TOKEN, USER, PASSWORD }) => [TOKEN, USER, PASSWORD].some(one => one !== undefined), {
    path: ['TOKEN'],
    message: 'must be set, unless the user and the password are',
  });

const utf8 = new TextDecoder();

/** The credential in `Authorization`: RFC 6750 section 2.1, RFC 7617. */
function credentialIn(headers: Headers): { readonly bearer?: string; readonly basic?: string } {
  const [, scheme = '', shown = ''] = /^(\w+) +(\S+)$/.exec(headers.get('authorization') ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return { bearer: shown };
  const bytes = scheme.toLowerCase() === 'basic' ? fromBase64(shown) : undefined;
  return bytes ? { basic: utf8.decode(bytes) } : {};
}

/** Prometheus Alertmanager. It signs nothing; it sends the credential of its `http_config`. */
export const alertmanager: OpenSource = settings => {
  const set = platformSettings(settings, 'ALERTMANAGER', settingsSchema);
  if (!set) return undefined;
  const basic = set.USER === undefined ? undefined : `${set.USER}:${set.PASSWORD}`;
  return {
    async read({ headers, body }) {
      const shown = credentialIn(headers);
      const isKnown = [await isSecret(shown.bearer, set.TOKEN), await isSecret(shown.basic, basic)];
      if (!isKnown.includes(true)) throw unproven();
      return readAlerts(body, stopper('alertmanager', set.LATCH), set);
    },
  };
};
