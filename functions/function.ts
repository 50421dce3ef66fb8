import type { Hono } from 'hono';
import type { Actor } from '../lib/command.js';
import type { Core } from '../lib/core.js';
import type { Authenticator, Probe } from '../lib/ports.js';
import type { Stop } from '../lib/stop.js';

/** What the handlers work with. Made at a composition root. */
export interface Deps {
  readonly core: Core;
  readonly stop: Stop;
  readonly authenticator: Authenticator;
  /** Everything that `/readyz` asks. */
  readonly probes: readonly Probe[];
  readonly newId: () => string;
  /** Looks at once at what runs here and must not, and again a moment later. */
  readonly wake: () => void;
  /** Aborted when the process is to end: what only watches ends then. */
  readonly closing: AbortSignal;
}

export interface Env {
  /** Node's own request, where Node serves. */
  Bindings: { readonly incoming?: { readonly url?: string | undefined } };
  Variables: { requestId: string; actor: Actor };
}

/** One deployable function: its name on the command line, and its routes. */
export interface KillswitchFunction {
  readonly name: string;
  routes(deps: Deps): Hono<Env>;
}
