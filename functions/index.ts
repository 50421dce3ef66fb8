import type { Hono } from 'hono';
import type { CommandsFor } from '../lib/client/commands.js';
import { catalogue, named } from './catalogue.js';
import type { Deps, Env } from './http/function.js';
import { openService, type ServiceOptions } from './server/open-service.js';
import type { Left } from './server/teardown.js';

/**
 * The composition root for programs that embed the emergency stop: its functions in one app, to be mounted into an app
 * of their own.
 */

export type { Commands, CommandsFor } from '../lib/client/commands.js';
export { ConfigError } from '../lib/config/config-error.js';
export type { Actor, Scope, Within } from '../lib/domain/actor.js';
export { KillswitchError } from '../lib/domain/errors.js';
export type { Log } from '../lib/ports/runtime.js';
export type { Deps, Env, KillswitchFunction } from './http/function.js';
export type { Left } from './server/teardown.js';

export interface KillswitchOptions extends Omit<ServiceOptions, 'dev'> {
  /** Only these, such as `['kill', 'latch']`; all if absent. */
  readonly functions?: readonly string[];
}

export interface Killswitch {
  /**
   * Serves the functions, each under its own path, such as `POST /agents/:agentId/kill`. To serve them under a base
   * path: `own.mount('/stop', app.fetch)`, which removes the base path before the functions see it.
   */
  readonly app: Hono<Env>;
  /** Carries out commands in this process, in the name of an actor that the program vouches for. */
  readonly commandsFor: CommandsFor;
  /** What the functions need. */
  readonly deps: Deps;
  /**
   * Shuts down in order; stops in flight are finished first. Call it after the program has stopped serving requests.
   * @returns what could not be ended; each is logged
   */
  close(): Promise<readonly Left[]>;
}

/**
 * Opens the emergency stop with the settings of the environment and starts its background work: reconciling, notifying,
 * sealing the audit. It does not listen.
 *
 * ```ts
 * const { app, close } = await killswitch({ functions: ['kill', 'latch'] });
 * const own = new Hono().mount('/stop', app.fetch);
 * ```
 * @throws ConfigError that names every bad variable; RangeError that names unknown functions; Error in one clear
 *   sentence if the store or the engine cannot be opened
 */
export async function killswitch({ functions, ...options }: KillswitchOptions = {}): Promise<Killswitch> {
  const { app, deps, start, close } = await openService(functions ? named(functions) : catalogue, options);
  start();
  return { app, deps, commandsFor: deps.commandsFor, close };
}
