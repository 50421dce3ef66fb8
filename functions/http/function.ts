import type { IncomingMessage } from 'node:http';
import type { Context, Hono } from 'hono';
import type { CommandsFor } from '../../lib/client/commands.js';
import type { Settings } from '../../lib/config/platform-settings.js';
import type { Actor } from '../../lib/domain/actor.js';
import type { Authenticator } from '../../lib/ports/authenticator.js';
import type { Core } from '../../lib/ports/core.js';
import type { Metrics, NotifierStatus } from '../../lib/ports/metrics.js';
import type { Clock, Log, Probe } from '../../lib/ports/runtime.js';
import type { Stop } from '../../lib/stop/stop.js';
import type { Failures } from './failed-auth-limit.js';

/** What the triggers work with, beside the core or at the edge. */
export interface TriggerDeps {
  readonly commandsFor: CommandsFor;
  /** The platforms' variables. */
  readonly settings: Settings;
  readonly newId: () => string;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly fetch: typeof globalThis.fetch;
  /** Where a request comes from. */
  readonly sourceOf?: (c: Context<Env>) => string | undefined;
  readonly failures?: Failures;
  /** Lets work go on behind the answer. It may not reject. */
  readonly defer: (work: Promise<void>) => void;
  /** Aborted when the process is to end: what only watches ends then. */
  readonly closing?: AbortSignal;
}

/** What the handlers work with. Made at a composition root. */
export interface Deps extends TriggerDeps {
  readonly core: Core;
  readonly stop: Stop;
  readonly authenticator: Authenticator;
  /** Everything that `/readyz` asks. */
  readonly probes: readonly Probe[];
  readonly metrics: Metrics;
  /** How it stands with each who is told of stops. */
  readonly notifiers: () => readonly NotifierStatus[];
  /** Looks at once at what runs here and must not, and again a moment later. */
  readonly wake: () => void;
  readonly closing: AbortSignal;
}

export interface Env {
  /** Node's own request, where Node serves; and whether it came in by the unix socket. */
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
  /** Looks at its settings before anything is opened. @throws ConfigError */
  check?(settings: Settings): void;
  /** @throws ConfigError */
  routes(deps: D): Hono<Env>;
}
