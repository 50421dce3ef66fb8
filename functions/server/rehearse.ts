import type { Server } from 'node:http';
import { duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createAdaptorServer } from '@hono/node-server';
import type { Config } from '../../lib/config/config.js';
import { systemActor } from '../../lib/domain/actor.js';
import { createInFlight } from '../../lib/stop/in-flight.js';
import { createRehearsal } from '../../lib/stop/rehearse.js';
import { createStop } from '../../lib/stop/stop.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';
import { createPoller, type Poller } from '../../lib/util/poller.js';
import { createApp } from '../http/app.js';
import type { Deps, KillswitchFunction } from '../http/function.js';
import { mintToken } from '../node.js';
import { giveCredentialsPrecedence } from './defer-anonymous.js';

/** Milliseconds between two rehearsals: what is not used for long is forgotten, by the engine as by V8. */
const INTERVAL = 5 * 60_000;
/** Of a process that has just been started: V8 compiles what has run a few times, and better what has run often. */
const FIRST_RUNS = 30;
/** Milliseconds after which a series is broken off. */
const SLOW = 1_000;
const TOKEN_SECONDS = 60;

const ignore = (): void => undefined;

/**
 * Kills an agent that does not exist, at the start and every few minutes, so that the first kill of a process that has
 * been idle for days is as fast as any later one. Each is an HTTP request with a token on a connection in memory; it is
 * not logged, counted, audited or stored, and takes about 13 ms of a processor. Keeps no process alive.
 */
export function createRehearsals(
  deps: Deps,
  functions: readonly KillswitchFunction[],
  config: Pick<Config, 'secret' | 'audience' | 'issuer'>,
): Poller {
  const { core, agentId } = createRehearsal(deps.core);
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
  const server = createAdaptorServer({ fetch: createApp(own, killing).fetch }) as Server;
  giveCredentialsPrecedence(server);

  async function overHttp(): Promise<void> {
    const [client, connection] = duplexPair();
    server.emit('connection', connection);
    client.write(requestFor(agentId, await tokenFor(agentId, config)));
    await text(client);
  }

  async function once(): Promise<void> {
    if (killing.length > 0) await overHttp();
    else await stop.stop({ type: 'kill', agentId, operationId: own.newId(), actor: systemActor });
    await stop.idle();
  }

  let runs = FIRST_RUNS;
  async function poll(): Promise<void> {
    try {
      for (let left = runs; left > 0 && !deps.closing.aborted; left--) {
        const startedAt = core.clock.monotonic();
        await once();
        // An engine or a store that hangs is not asked again and again.
        if (core.clock.monotonic() - startedAt > SLOW) break;
      }
      runs = 1;
    } catch (err) {
      deps.log.info({ err }, 'a rehearsal of a kill did not come to its end');
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

/** Good for this one agent alone. Without a secret to sign with there is no token, and none is checked. */
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
