import * as z from 'zod';
import type { Actor } from '../../lib/domain/actor.js';
import type { Mapping } from '../../lib/triggers/event-mapping.js';
import { checked } from '../http/validate.js';
import { objectIn } from './json.js';
import type { ParsedDelivery } from './source.js';
import type { StopOrder } from './stop-order.js';
import { collected, orderFor, reasonFrom } from './stop-request.js';

const alertsSchema = z.looseObject({
  groupKey: z.string(),
  alerts: z.array(
    z.looseObject({
      status: z.string(),
      labels: z.record(z.string(), z.unknown()),
      annotations: z.record(z.string(), z.unknown()).default({}),
      startsAt: z.string(),
      fingerprint: z.string(),
    }),
  ),
});

/**
 * The payload that Alertmanager (version 4) and Grafana (version 1) share: one order for each firing alert. A firing
 * alert is sent again at intervals; it is the same alert as long as `startsAt` is the same.
 * @see https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
export async function readAlerts(
  body: Uint8Array,
  actor: Actor,
  { SELECT: select, LATCH: latch }: { readonly SELECT: Mapping; readonly LATCH: boolean },
): Promise<ParsedDelivery> {
  const given = objectIn(body);
  const { groupKey, alerts } = checked(alertsSchema, given);
  const found = alerts.map(async (alert): Promise<StopOrder | string> => {
    const { status, labels, annotations, startsAt, fingerprint } = alert;
    const name = reasonFrom(labels['alertname']) ?? fingerprint;
    if (status !== 'firing') return `${name}: the alert is ${status}`;
    const order = await orderFor(alert, {
      select,
      latch,
      reason: reasonFrom(annotations['summary'], labels['alertname']),
      identity: [groupKey, fingerprint, startsAt],
    });
    return typeof order === 'string' ? `${name}: ${order}` : order;
  });
  return collected(actor, await Promise.all(found));
}
