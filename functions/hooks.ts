import { Hono } from 'hono';
import { allOf } from '../lib/config/config-error.js';
import type { Settings } from '../lib/config/platform-settings.js';
import { KillswitchError } from '../lib/domain/errors.js';
import type { ApiResponse } from '../lib/triggers/api-request.js';
import { alertmanager } from './hooks/alertmanager.js';
import { github } from './hooks/github.js';
import { grafana } from './hooks/grafana.js';
import { pagerduty } from './hooks/pagerduty.js';
import { sentry } from './hooks/sentry.js';
import type { OpenSource, WebhookSource } from './hooks/source.js';
import { standard } from './hooks/standard.js';
import { carryOut, requestOf, type StopOrder } from './hooks/stop-order.js';
import type { Env, KillswitchFunction, TriggerDeps } from './http/function.js';
import { from } from './http/request.js';
import { trust } from './http/trusted-caller.js';
import { withUnprovenBody } from './http/unproven-body.js';
import { runAlone } from './server/run-alone.js';

/** Orders in one delivery: more than an incident needs, and few enough to carry out while the platform waits. */
const MOST_ORDERS = 50;

/** All webhook sources, by their name in the path. */
export const sources: Readonly<Record<string, OpenSource>> = {
  standard,
  github,
  alertmanager,
  grafana,
  pagerduty,
  sentry,
};

/** The sources that are configured. @throws ConfigError that names every problem of any of them */
function openSources(settings: Settings): ReadonlyMap<string, WebhookSource> {
  const found = allOf(
    Object.entries(sources).map(
      ([name, openSource]) =>
        () =>
          [name, openSource(settings)] as const,
    ),
  );
  return new Map(found.flatMap(([name, source]) => (source ? [[name, source]] : [])));
}

/**
 * Platforms retry a delivery only after a 5xx. An agent that is unknown or already dead is reported in its answer; a
 * retry would not help, so it does not cause a 5xx.
 */
function statusOf(answers: readonly ApiResponse[]): 200 | 202 | 503 {
  if (answers.some(({ status }) => status >= 500)) return 503;
  return answers.some(({ status }) => status === 202) ? 202 : 200;
}

/** Says how many orders were not carried out, and which was the first of them. */
function describeLeft(orders: readonly StopOrder[], from: number): string {
  const { method, path } = requestOf(orders[from] as StopOrder);
  const left = `${orders.length - from} orders were not carried out, starting with ${method} ${path}`;
  return `${left}: a delivery may contain at most ${MOST_ORDERS}`;
}

/**
 * `POST /hooks/:source`: a webhook stops agents. Answers `{answers, ignored}`: for each order the status and body that
 * the HTTP API would answer, as `{status, body}`; and for each ignored part of the delivery the reason, as a sentence.
 */
export const hooks: KillswitchFunction<TriggerDeps> = {
  name: 'hooks',
  check: settings => void openSources(settings),
  routes: ({ settings, commandsFor, clock }) => {
    const open = openSources(settings);
    return new Hono<Env>().post('/hooks/:source', async c => {
      const source = open.get(c.req.param('source'));
      if (!source) throw new KillswitchError('not_found', 'No webhook source of this name is set up');
      const { headers } = c.req.raw;
      const { actor, orders, ignored } = await withUnprovenBody(c, body =>
        source.read({ headers, body, now: clock.now() }),
      );
      trust(c);
      const answers: ApiResponse[] = [];
      if (actor) {
        const commands = commandsFor(from(c, actor));
        // One after another, so that requests of other callers get a turn in between.
        for (const order of orders.slice(0, MOST_ORDERS)) answers.push(await carryOut(commands, order));
      }
      const refused = orders.length > answers.length ? [describeLeft(orders, answers.length)] : [];
      return c.json({ answers, ignored: [...ignored, ...refused] }, statusOf(answers));
    });
  },
};

await runAlone(hooks);
