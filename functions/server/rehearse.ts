import type { Config } from '../../lib/config/config.js';
import { systemActor } from '../../lib/domain/actor.js';
import type { Log } from '../../lib/ports/runtime.js';
import { createInFlight } from '../../lib/stop/in-flight.js';
import { createRehearsal } from '../../lib/stop/rehearse.js';
import { createStop } from '../../lib/stop/stop.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';
import { createPoller, type Poller } from '../../lib/util/poller.js';
import { createApp } from '../http/app.js';
import type { Deps, KillswitchFunction } from '../http/function.js';
import { mintToken } from '../node.js';
import { createRehearsalServer, type RehearsalServer } from './rehearsal-server.js';

/** Milliseconds between two rehearsals: what is idle for long becomes slow again, in V8 and in the engine. */
const INTERVAL = 5 * 60_000;
/** Rehearsals right after the start: V8 compiles code that ran a few times, and optimises code that ran often. */
const FIRST_RUNS = 30;
/** If a rehearsal takes more milliseconds than this, the first series ends. */
const SLOW = 1_000;
const TOKEN_SECONDS = 60;

const ignore = (): void => undefined;

/**
 * Kills an agent that does not exist, at the start and every few minutes, so that the first real kill is fast even after
 * days of idling. Each rehearsal is an HTTP request with a token on a socket of this process alone; it is not logged, counted,
 * audited or stored, and takes about 13 ms of processor time. Does not keep the process alive.
 */
export function createRehearsals(
  deps: Deps,
  functions: readonly KillswitchFunction[],
  config: Pick<Config, 'secret' | 'audience' | 'issuer'>,
  log?: Log,
): Poller {
  const { core, agentId } = createRehearsal(deps.core, log);
  const { failures: _, ...rest } = deps;
  const authenticator =
    config.secret === undefined
      ? { ...deps.authenticator, authenticate: async () => systemActor }
      : deps.authenticator;
  const stop = createStop(core, createInFlight(core));
  const own: Deps = {
    ...rest,
    core,
    stop,
    authenticator,
    metrics: { ...deps.metrics, answered: ignore, unauthenticated: ignore },
    log: core.log,
    wake: ignore,
  };
  const killing = functions.filter(({ name }) => name === 'kill');
  const app = createApp(own, killing);

  async function once(server: RehearsalServer): Promise<void> {
    if (killing.length > 0) await server.ask(requestFor(agentId, await tokenFor(agentId, config)));
    else await stop.stop({ type: 'kill', agentId, operationId: own.newId(), actor: systemActor });
    await stop.idle();
  }

  let runs = FIRST_RUNS;
  async function series(server: RehearsalServer): Promise<void> {
    for (let left = runs; left > 0 && !deps.closing.aborted; left--) {
      const startedAt = core.clock.monotonic();
      await once(server);
      // Do not keep asking an engine or a store that hangs.
      if (core.clock.monotonic() - startedAt > SLOW) break;
    }
    runs = 1;
  }

  async function poll(): Promise<void> {
    try {
      await series(createRehearsalServer(app));
    } catch (err) {
      deps.log.info({ err }, 'a rehearsal of a kill failed; the next kill may be slower');
    }
  }
  return createPoller({ clock: core.clock, poll, interval: INTERVAL, afterWake: 0 });
}

const requestFor = (agentId: string, token: string): string =>
  [
    `POST /agents/${agentId}/kill HTTP/1.1`,
    'host: localhost',
    `authorization: Bearer ${token}`,
    'content-type: application/json',
    'content-length: 2',
    'connection: close',
    '',
    '{}',
  ].join('\r\n');

/** A token for this one agent. Without a secret there is nothing to sign with, and the rehearsal does not verify it. */
async function tokenFor(
  agentId: string,
  { secret, audience, issuer }: Pick<Config, 'secret' | 'audience' | 'issuer'>,
): Promise<string> {
  if (secret === undefined) return 'none';
  return mintToken({
    ...omitUndefined({ issuer }),
    ...{ secret, audience, subject: 'rehearsal', scopes: ['agents:kill'] },
    within: { agentId },
    ttlSeconds: TOKEN_SECONDS,
  });
}
