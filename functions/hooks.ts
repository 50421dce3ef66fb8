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

/** In one delivery: more than an incident names, and few enough to be carried out while the platform waits. */
const MOST_ORDERS = 50;

/** By the name in the path. */
export const sources: Readonly<Record<string, OpenSource>> = {
  standard,
  github,
  alertmanager,
  grafana,
  pagerduty,
  sentry,
};

/** Those that are set up. @throws ConfigError that names what is wrong with any of them */
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
 * A platform sends again what it got a 5xx for, and only that. An agent that is unknown, or dead already, is told in
 * its answer and is no reason to send again.
 */
function statusOf(answers: readonly ApiResponse[]): 200 | 202 | 503 {
  if (answers.some(({ status }) => status >= 500)) return 503;
  return answers.some(({ status }) => status === 202) ? 202 : 200;
}

/** How many orders were not carried out, and from which on. */
function describeLeft(orders: readonly StopOrder[], from: number): string {
  const { method, path } = requestOf(orders[from] as StopOrder);
  const left = `${orders.length - from} orders were not carried out, from ${method} ${path} on`;
  return `${left}: one delivery may have at most ${MOST_ORDERS}`;
}

/**
 * `POST /hooks/:source`: a webhook pulls the stop. Answers `{answers, ignored}`: for each order what the HTTP contract
 * answers to it, as `{status, body}`; and a sentence for each part of the delivery that asks for nothing.
 */
export const hooks: KillswitchFunction<TriggerDeps> = {
  name: 'hooks',
  check: settings => void openSources(settings),
  routes: ({ settings, commandsFor, clock }) => {
    const open = openSources(settings);
    return new Hono<Env>().post('/hooks/:source', async c => {
      const source = open.get(c.req.param('source'));
      if (!source) throw new KillswitchError('not_found', 'No such source is set up');
      const { headers } = c.req.raw;
      const { actor, orders, ignored } = await withUnprovenBody(c, body =>
        source.read({ headers, body, now: clock.now() }),
      );
      trust(c);
      const answers: ApiResponse[] = [];
      if (actor) {
        const commands = commandsFor(from(c, actor));
        // One after another, so that what others ask for meanwhile is carried out between them.
        for (const order of orders.slice(0, MOST_ORDERS)) answers.push(await carryOut(commands, order));
      }
      const refused = orders.length > answers.length ? [describeLeft(orders, answers.length)] : [];
      return c.json({ answers, ignored: [...ignored, ...refused] }, statusOf(answers));
    });
  },
};

await runAlone(hooks);
