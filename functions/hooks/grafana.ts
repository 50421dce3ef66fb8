import * as z from 'zod';
import { platformSettings } from '../../lib/config/platform-settings.js';
import { concat, fromHex, isFresh } from '../../lib/util/crypto.js';
import { readAlerts } from './alerts.js';
import { latch, secret, select } from './setup.js';
import type { OpenSource } from './source.js';
import { stopper } from './stop-request.js';
import { requireHmac, unproven } from './verify-signature.js';

const SIGNATURE = 'x-grafana-alerting-signature';
const TOLERANCE_SECONDS = 300;

export const settingsSchema = z.object({
  SECRET: secret,
  TIMESTAMP_HEADER: z
    .string()
    .regex(/^[\w!#$%&'*+.^`|~-]+$/, 'must be the name of a header')
    .default('X-Grafana-Alerting-Timestamp')
    .describe('The header in which the contact point sends the time.'),
  SELECT: select,
  LATCH: latch,
});

/**
 * Grafana alerting: HMAC of `<time>:<body>`, if the contact point names a timestamp header. A delivery without a signed
 * time could be replayed for ever, so it is refused.
 * @see https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
 */
export const grafana: OpenSource = settings => {
  const set = platformSettings(settings, 'GRAFANA', settingsSchema);
  if (!set) return undefined;
  return {
    async read({ headers, body, now }) {
      const time = headers.get(set.TIMESTAMP_HEADER);
      const signature = fromHex(headers.get(SIGNATURE) ?? '');
      if (!isFresh(time, now, TOLERANCE_SECONDS)) throw unproven();
      await requireHmac([set.SECRET], concat(`${time}:`, body), [signature]);
      return readAlerts(body, stopper('grafana', set.LATCH), set);
    },
  };
};
