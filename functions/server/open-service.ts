import type { Hono } from 'hono';
import { createSealer } from '../../lib/audit/sealer.js';
import type { Config } from '../../lib/config/config.js';
import { allOf } from '../../lib/config/config-error.js';
import { scanHost } from '../../lib/discovery/scan.js';
import type { AuditEntry } from '../../lib/domain/audit-entry.js';
import type { Log } from '../../lib/ports/runtime.js';
import { createLatchGuard } from '../../lib/reconcile/latch-guard.js';
import { createReconcile } from '../../lib/reconcile/reconcile.js';
import { createSweepPolicy } from '../../lib/reconcile/sweep-policy.js';
import { sweepSources } from '../../lib/reconcile/sweep-records.js';
import { createCommandsFor } from '../commands/on-behalf.js';
import { createApp } from '../http/app.js';
import { nodeSources } from '../http/client-address.js';
import { openFailures } from '../http/failed-auth-limit.js';
import type { Deps, Env, KillswitchFunction } from '../http/function.js';
import {
  environment,
  openAuthenticator,
  openLog,
  openMetrics,
  openNode,
  openScan,
  openSeals,
} from '../node.js';
import { openNotifiers } from '../notify/open-notifiers.js';
import { notifySettings } from '../notify/settings.js';
import { openExposure } from './exposure.js';
import { startHousekeeping } from './housekeeping.js';
import { readConfig, settingsOf } from './read-environment.js';
import type { Left, Teardown } from './teardown.js';

/** An agent that starts while the emergency stop is being engaged may be visible only now. Milliseconds. */
const SECOND_LOOK = 1_000;
/** Milliseconds for an orderly shutdown. Work that it cuts off is pending, and done after the next start. */
const LONGEST_SHUTDOWN = 30_000;
/** Milliseconds for the last lines of the log. */
const LAST_LINES = 1_000;

export type Variables = Readonly<Record<string, string | undefined>>;

export interface ServiceOptions {
  /** If no key is set, make a random secret for this run. */
  readonly dev?: boolean;
  /** JSON lines on standard output if absent. */
  readonly log?: Log;
  /** The settings; absent: the environment of this process and its configuration file. */
  readonly environment?: Variables;
}

/** Everything that serves functions, except the listeners. */
export interface Service {
  readonly config: Config;
  readonly log: Log;
  readonly deps: Deps;
  /** The functions in one app. */
  readonly app: Hono<Env>;
  /** Registers how something that uses this service ends. The last one registered ends first, all before the service. */
  readonly defer: Teardown['add'];
  /** Starts the background work: reconciling, notifying, sealing the audit. */
  start(): void;
  /**
   * Shuts down in order; stops in flight are finished first.
   * @returns what could not be ended
   */
  close(): Promise<readonly Left[]>;
}

/** The settings of platforms, and the targets of notifications. @throws ConfigError */
function readPlatforms(variables: Variables, functions: readonly KillswitchFunction[]) {
  const settings = settingsOf(variables);
  const [targets] = allOf([
    () => notifySettings(settings),
    ...functions.map(one => () => one.check?.(settings)),
  ]);
  return { settings, targets };
}

/**
 * Opens everything that the functions need.
 * @throws ConfigError; Error in one clear sentence of an adapter
 */
export async function openService(
  functions: readonly KillswitchFunction[],
  options: ServiceOptions = {},
): Promise<Service> {
  const variables = options.environment ?? environment();
  const [config, { settings, targets }] = allOf([
    () => readConfig(variables, options),
    () => readPlatforms(variables, functions),
  ]);
  const ownLog = options.log ? undefined : await openLog(config);
  const log = options.log ?? (ownLog as Log);
  if (config.unknown.length > 0)
    log.warn({ variables: config.unknown }, 'unknown variables are ignored: check their spelling');
  const metrics = await openMetrics();
  const seals = await openSeals(config, { create: true });
  let follow = (_entries: readonly AuditEntry[]): void => undefined;
  const node = await openNode(config, log, {
    createKeys: true,
    onWritten(entries) {
      // Not in this turn of the event loop: the kill follows in it.
      setImmediate(() => {
        metrics.written(entries);
        follow(entries);
      });
    },
  });
  const { core, inFlight, stop } = node;
  const scanned = await openScan(config);
  const closing = new AbortController();
  const close = async (): Promise<readonly Left[]> => {
    closing.abort();
    const left = await node.close(LONGEST_SHUTDOWN);
    await ownLog?.close(LAST_LINES);
    return left;
  };
  try {
    const authenticator = await openAuthenticator(config, core);
    node.defer('keys', () => authenticator.close());
    const { revocations } = authenticator;
    const housekeeping = startHousekeeping(node.expire, log);
    node.defer('housekeeping', () => housekeeping.close());
    const exposure = openExposure(config, core);
    node.defer('exposure', async () => exposure.close());
    const reconcile = createReconcile(core, inFlight, stop, node.hosts);
    node.defer('reconcile', () => reconcile.close());
    const sweep =
      config.sweep === 'off'
        ? undefined
        : createSweepPolicy(core, sweepSources(core, await openScan(config)), config.sweep);
    node.defer('sweep', () => sweep?.close());
    const notifiers = openNotifiers(targets, core, globalThis.fetch);
    const sealer = createSealer({ ...core, ...seals });
    const latchGuard = createLatchGuard({ ...core, highWaterMark: seals.latchHighWaterMark });
    const followers = [...notifiers, sealer, latchGuard];
    follow = entries => {
      latchGuard.heard(entries);
      for (const follower of followers) follower.wake();
    };
    for (const follower of followers) node.defer('notifications and seals', () => follower.close());
    const wake = (): void => {
      reconcile.wake();
      setTimeout(reconcile.wake, SECOND_LOOK).unref();
    };
    const pending = new Set<Promise<void>>();
    node.defer('answers to chats', () => Promise.allSettled(pending));
    const deps: Deps = {
      core,
      stop,
      scan: () => scanHost(scanned),
      authenticator,
      probes: [
        ...node.probes,
        authenticator,
        ...(revocations ? [revocations] : []),
        ...exposure.probes,
        ...followers,
        ...(ownLog ? [ownLog] : []),
      ],
      metrics,
      notifiers: () => notifiers.map(notifier => notifier.status()),
      ...(sweep && { orphans: sweep.orphans }),
      newId: core.newId,
      closing: closing.signal,
      commandsFor: createCommandsFor({ core, stop, newId: core.newId, wake, log }),
      settings,
      clock: core.clock,
      log,
      fetch: globalThis.fetch,
      failures: openFailures(core),
      sourceOf: nodeSources(config.trustedProxies),
      defer(work) {
        pending.add(work);
        void work.finally(() => pending.delete(work));
      },
      wake,
    };
    return {
      ...{ config, log, deps, close },
      app: createApp(deps, functions),
      defer: node.defer,
      start() {
        for (const follower of followers) follower.start();
        sweep?.start();
        reconcile.start().catch((error: unknown) => log.error({ err: error }, 'reconcile failed'));
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
