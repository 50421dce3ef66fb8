import { createHmac } from 'node:crypto';
import type { Settings } from '../../lib/config/platform-settings.js';

export const SECRET = 'a secret of the tests';
export const WEBHOOK_SECRET = `whsec_${Buffer.from('thirty bytes of a shared key..').toString('base64')}`;

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

export type Headers = Readonly<Record<string, string>>;
export interface Signing {
  readonly secret?: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** A platform as it sends: its manual, written down a second time. */
export interface Platform {
  readonly source: string;
  readonly settings: Settings;
  /** An event that asks for the kill of one agent. */
  event(agentId: string, at: number): object;
  /** What it shows with these bytes. */
  headers(body: string | Uint8Array, signing: Signing): Headers;
  /** Those headers without which a delivery proves nothing. */
  readonly proofs: readonly string[];
  /** How long a delivery counts, and how far it may be ahead; milliseconds. */
  readonly lasts?: { readonly old: number; readonly ahead: number };
}

export const hmac = (key: string | Uint8Array, ...parts: readonly (string | Uint8Array)[]) => {
  const made = createHmac('sha256', key);
  for (const part of parts) made.update(part);
  return made;
};
const iso = (at: number): string => new Date(at).toISOString();
const seconds = (at: number): string => `${Math.floor(at / SECOND)}`;
const MINUTES = 300 * SECOND;

/** An alert as Alertmanager and Grafana tell it. */
export const alertOf = (labels: object, more: object = {}) => ({
  status: 'firing',
  labels: { alertname: 'TokensBurnt', ...labels },
  annotations: { summary: 'it burns tokens' },
  startsAt: '2026-11-22T09:58:00Z',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: 'http://prometheus/graph',
  fingerprint: 'c6eadffa33fcdf37',
  ...more,
});

export const alertsOf = (version: string, ...alerts: readonly object[]) => ({
  version,
  groupKey: '{}:{alertname="TokensBurnt"}',
  truncatedAlerts: 0,
  status: 'firing',
  receiver: 'killswitch',
  groupLabels: { alertname: 'TokensBurnt' },
  commonLabels: {},
  commonAnnotations: {},
  externalURL: 'http://alertmanager',
  alerts,
});

export const commentOf = (body: string, at: number, more: object = {}) => ({
  action: 'created',
  issue: { number: 12, title: 'Runs wild' },
  comment: {
    id: 1,
    body,
    author_association: 'MEMBER',
    created_at: iso(at),
    user: { login: 'octocat' },
    ...more,
  },
  repository: { full_name: 'octo/app' },
  sender: { login: 'octocat' },
});

export const standard: Platform = {
  source: 'standard',
  settings: { KILLSWITCH_WEBHOOK_SECRET: WEBHOOK_SECRET },
  event: (agentId, at) => ({
    type: 'killswitch.kill',
    timestamp: iso(at),
    data: { agentId, reason: 'drill' },
  }),
  headers(body, { secret = WEBHOOK_SECRET, at }) {
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    return {
      'webhook-id': 'msg_1',
      'webhook-timestamp': seconds(at),
      'webhook-signature': `v1,${hmac(key, `msg_1.${seconds(at)}.`, body).digest('base64')}`,
    };
  },
  proofs: ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
  lasts: { old: MINUTES, ahead: MINUTES },
};

export const github: Platform = {
  source: 'github',
  settings: { KILLSWITCH_GITHUB_SECRET: SECRET },
  event: (agentId, at) => commentOf(`/kill ${agentId} drill`, at),
  headers: (body, { secret = SECRET }) => ({
    'x-github-event': 'issue_comment',
    'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    'x-hub-signature-256': `sha256=${hmac(secret, body).digest('hex')}`,
  }),
  proofs: ['x-hub-signature-256'],
  lasts: { old: HOUR, ahead: MINUTES },
};

export const alertmanager: Platform = {
  source: 'alertmanager',
  settings: {
    KILLSWITCH_ALERTMANAGER_TOKEN: 'a-secret-of-the-tests',
    KILLSWITCH_ALERTMANAGER_SELECT: 'agentIds=labels.agent_id',
  },
  event: agentId => alertsOf('4', alertOf({ agent_id: agentId })),
  headers: (_, { secret = 'a-secret-of-the-tests' }) => ({ authorization: `Bearer ${secret}` }),
  proofs: ['authorization'],
};

export const grafana: Platform = {
  source: 'grafana',
  settings: { KILLSWITCH_GRAFANA_SECRET: SECRET, KILLSWITCH_GRAFANA_SELECT: 'agentIds=labels.agent_id' },
  event: agentId => alertsOf('1', alertOf({ agent_id: agentId }, { values: { B: 44.2 } })),
  headers: (body, { secret = SECRET, at }) => ({
    'x-grafana-alerting-timestamp': seconds(at),
    'x-grafana-alerting-signature': hmac(secret, `${seconds(at)}:`, body).digest('hex'),
  }),
  proofs: ['x-grafana-alerting-timestamp', 'x-grafana-alerting-signature'],
  lasts: { old: MINUTES, ahead: MINUTES },
};

export const pagerduty: Platform = {
  source: 'pagerduty',
  settings: {
    KILLSWITCH_PAGERDUTY_SECRET: 'another-secret-of-the-tests the-secret-of-the-tests',
    KILLSWITCH_PAGERDUTY_SELECT: 'agentIds=data.incident_key',
  },
  event: (agentId, at) => ({
    event: {
      id: '01BX6D4V1LOJGD4U9B2BTIQG4K',
      event_type: 'incident.triggered',
      resource_type: 'incident',
      occurred_at: iso(at),
      agent: null,
      data: { id: 'PGR0VU2', type: 'incident', title: 'It burns tokens', incident_key: agentId },
    },
  }),
  headers: (body, { secret = 'the-secret-of-the-tests' }) => ({
    'x-pagerduty-signature': `v1=${'0'.repeat(64)},v1=${hmac(secret, body).digest('hex')}`,
  }),
  proofs: ['x-pagerduty-signature'],
  lasts: { old: HOUR, ahead: MINUTES },
};

export const sentry: Platform = {
  source: 'sentry',
  settings: {
    KILLSWITCH_SENTRY_SECRET: SECRET,
    KILLSWITCH_SENTRY_SELECT: 'agentIds=data.event.tags.agent_id',
  },
  event: (agentId, at) => ({
    action: 'triggered',
    actor: { id: 'sentry', name: 'Sentry', type: 'application' },
    data: {
      event: {
        datetime: iso(at),
        received: at / SECOND,
        tags: [
          ['browser', 'none'],
          ['agent_id', agentId],
        ],
        title: 'Error: it burns tokens',
      },
      triggered_rule: 'Tokens burnt',
    },
    installation: { uuid: 'a8e5d37a-696c-4c54-adb5-b3f28d64c7de' },
  }),
  headers: (body, { secret = SECRET, at }) => ({
    'sentry-hook-resource': 'event_alert',
    'sentry-hook-timestamp': seconds(at),
    'sentry-hook-signature': hmac(secret, body).digest('hex'),
  }),
  proofs: ['sentry-hook-signature'],
  lasts: { old: 23 * HOUR, ahead: MINUTES },
};

export const platforms = [standard, github, alertmanager, grafana, pagerduty, sentry];
