import type { Registry } from 'prom-client';
import type { AuditEntry } from '../domain/audit-entry.js';
import { areVerified } from '../domain/outcome.js';
import type { Gauges, Metrics, NotifierStatus } from '../ports/metrics.js';

/** Seconds. Most kills take some hundredths of a second; 5 is the specification's target. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Gauges whose names end as those of counters do; `promtool check metrics` rejects them. */
const MISNAMED = [
  'nodejs_active_resources_total',
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
];

const KILL_RESULTS = ['accepted', 'settled', 'unconfirmed'] as const;

/** Counts by label values, in memory. */
function tally(...known: readonly (readonly string[])[]) {
  const counts = new Map<string, { readonly values: readonly string[]; count: number }>();
  const add = (values: readonly string[], by = 1): void => {
    const key = values.join('\0');
    const found = counts.get(key);
    if (found) found.count += by;
    else counts.set(key, { values, count: by });
  };
  for (const values of known) add(values, 0);
  return { add, all: () => [...counts.values()] };
}
type Tally = ReturnType<typeof tally>;

/** Seconds from the acceptance of an agent's stop until it was seen dead; `undefined` if that was not seen. */
function secondsToDeath({ outcomes = [] }: AuditEntry): number | undefined {
  const times = outcomes.flatMap(({ layer, deadAfterMs }) =>
    layer === 'worktree' || deadAfterMs === undefined ? [] : deadAfterMs,
  );
  return areVerified(outcomes) && times.length > 0 ? Math.max(...times) / 1_000 : undefined;
}

/**
 * The metrics of this process. Counts are kept in plain memory; prom-client is loaded by the first scrape, so that neither
 * the start nor a kill waits for it.
 */
export function createMetrics(): Metrics {
  const requests = tally();
  const denials = tally([]);
  const entries = tally();
  const kills = tally(...KILL_RESULTS.map(result => [result]));
  let deaths: number[] = [];
  /** Kills whose time to death was counted already, although something is still owed. */
  const open = new Set<string>();
  let standing: Gauges = { notifiers: [] };
  let loaded: Promise<Registry> | undefined;

  function noteKill(entry: AuditEntry): void {
    const { phase, operationId, agentId } = entry;
    kills.add([phase]);
    if (phase === 'accepted') return;
    const key = `${operationId} ${agentId}`;
    const seconds = open.has(key) ? undefined : secondsToDeath(entry);
    if (seconds !== undefined) deaths.push(seconds);
    if (phase === 'settled') open.delete(key);
    else open.add(key);
  }

  async function load(): Promise<Registry> {
    const { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } = await import('prom-client');
    const registry = new Registry();
    const registers = [registry];
    collectDefaultMetrics({ register: registry });
    for (const name of MISNAMED) registry.removeSingleMetric(name);

    const labelled = (labelNames: readonly string[], values: readonly string[]): Record<string, string> =>
      Object.fromEntries(labelNames.map((label, n) => [label, values[n] ?? '']));
    const counter = (name: string, help: string, labelNames: string[], { all }: Pick<Tally, 'all'>): void => {
      const shown = new Counter({
        ...{ name, help, labelNames, registers },
        collect() {
          shown.reset();
          for (const { values, count } of all()) shown.inc(labelled(labelNames, values), count);
        },
      });
    };
    const gauge = (name: string, help: string, labelNames: string[], { all }: Pick<Tally, 'all'>): void => {
      const shown = new Gauge({
        ...{ name, help, labelNames, registers },
        collect() {
          shown.reset();
          for (const { values, count } of all()) shown.set(labelled(labelNames, values), count);
        },
      });
    };
    const one = (read: () => number | undefined): Pick<Tally, 'all'> => ({
      all: () => [{ values: [], count: read() ?? Number.NaN }],
    });
    const each = (read: (status: NotifierStatus) => number): Pick<Tally, 'all'> => ({
      all: () => standing.notifiers.map(status => ({ values: [status.name], count: read(status) })),
    });

    counter('killswitch_kills_total', 'Kills of single agents, by phase', ['result'], kills);
    counter('killswitch_audit_entries_total', 'Audit entries written', ['operation', 'phase'], entries);
    counter('killswitch_http_requests_total', 'Requests answered', ['function', 'status'], requests);
    counter('killswitch_auth_failures_total', 'Requests without a valid credential', [], denials);
    new Histogram({
      name: 'killswitch_kill_seconds',
      help: 'From the acceptance of a kill until every process was seen to be gone',
      buckets: BUCKETS,
      registers,
      collect() {
        for (const seconds of deaths) this.observe(seconds);
        deaths = [];
      },
    });
    gauge(
      'killswitch_pending_agents',
      'Agents for which this host owes something',
      [],
      one(() => standing.pendingAgents),
    );
    gauge(
      'killswitch_latch_engaged',
      'Whether the emergency stop is engaged for any agent',
      [],
      one(() => (standing.latchEngaged === undefined ? undefined : Number(standing.latchEngaged))),
    );
    gauge(
      'killswitch_orphan_processes',
      'Processes on this host that ended agents left',
      [],
      one(() => standing.orphans?.processes),
    );
    gauge(
      'killswitch_orphan_memory_bytes',
      'Resident memory of the processes that ended agents left',
      [],
      one(() => standing.orphans?.memoryBytes),
    );
    const notified = {
      all: () =>
        standing.notifiers.flatMap(({ name, delivered, failed }) => [
          { values: [name, 'delivered'], count: delivered },
          { values: [name, 'failed'], count: failed },
        ]),
    };
    counter(
      'killswitch_notifications_total',
      'Attempts to deliver a notification',
      ['target', 'result'],
      notified,
    );
    gauge(
      'killswitch_notification_lag_seconds',
      'Age of the oldest event not delivered yet',
      ['target'],
      each(({ lagSeconds }) => lagSeconds),
    );
    gauge(
      'killswitch_notifications_refused',
      'Events that the receiver refuses while it accepts others',
      ['target'],
      each(({ aside }) => aside),
    );
    return registry;
  }

  return {
    answered: (name, status) => requests.add([name ?? 'none', `${status}`]),
    unauthenticated: () => denials.add([]),
    written(some) {
      for (const entry of some) {
        entries.add([entry.operation, entry.phase]);
        if (entry.operation === 'KILL_AGENT') noteKill(entry);
      }
    },
    async render(now) {
      loaded ??= load();
      const registry = await loaded;
      standing = now;
      return { type: registry.contentType, text: await registry.metrics() };
    },
  };
}
