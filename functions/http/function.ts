import type { IncomingMessage } from 'node:http';
import type { Context, Hono } from 'hono';
import type { CommandsFor } from '../../lib/client/commands.js';
import type { Settings } from '../../lib/config/platform-settings.js';
import type { HostScan } from '../../lib/discovery/scan.js';
import type { Actor } from '../../lib/domain/actor.js';
import type { Authenticator } from '../../lib/ports/authenticator.js';
import type { Core } from '../../lib/ports/core.js';
import type { Gauges, Metrics, NotifierStatus } from '../../lib/ports/metrics.js';
import type { Clock, Log, Probe } from '../../lib/ports/runtime.js';
import type { Stop } from '../../lib/stop/stop.js';
import type { Failures } from './failed-auth-limit.js';

/** What triggers need, both on a server and at the edge. */
export interface TriggerDeps {
  readonly commandsFor: CommandsFor;
  /** The variables of the platforms. */
  readonly settings: Settings;
  readonly newId: () => string;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly fetch: typeof globalThis.fetch;
  /** Determines where a request comes from. */
  readonly sourceOf?: (c: Context<Env>) => string | undefined;
  readonly failures?: Failures;
  /** Lets work go on after the answer. It must not reject. */
  readonly defer: (work: Promise<void>) => void;
  /** Aborted when the process shuts down: streams and polls end then. */
  readonly closing?: AbortSignal;
}

/** What handlers need. Built by a composition root. */
export interface Deps extends TriggerDeps {
  readonly core: Core;
  readonly stop: Stop;
  /** Looks at this host. */
  readonly scan: () => Promise<HostScan>;
  readonly authenticator: Authenticator;
  /** What `/readyz` checks. */
  readonly probes: readonly Probe[];
  readonly metrics: Metrics;
  /** The status of each target of notifications. */
  readonly notifiers: () => readonly NotifierStatus[];
  /** What ended agents left on this host; absent: nothing looks for it. */
  readonly orphans?: () => Gauges['orphans'];
  /** Reconciles at once, and again a moment later. */
  readonly wake: () => void;
  readonly closing: AbortSignal;
}

export interface Env {
  /** On Node, its own request, and whether it came through the unix socket. */
  Bindings: {
    readonly incoming?: Pick<IncomingMessage, 'url' | 'headers' | 'socket'>;
    readonly bySocket?: true;
  };
  /** `source`: where the request comes from, as in {@link Actor}. */
  Variables: { requestId: string; actor: Actor; source?: string };
}

/** One deployable function: its name on the command line, and its routes. */
export interface KillswitchFunction<D = Deps> {
  readonly name: string;
  /** Checks its settings before anything is opened. @throws ConfigError */
  check?(settings: Settings): void;
  /** @throws ConfigError */
  routes(deps: D): Hono<Env>;
}
