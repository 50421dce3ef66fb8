import { Hono } from 'hono';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import type { OperationStatus } from '../lib/client/responses.js';
import { dismissBodySchema } from '../lib/domain/command.js';
import { dismissOperation } from '../lib/stop/dismiss.js';
import { operationStatus } from './commands/operation-status.js';
import type { Deps, Env, KillswitchFunction } from './http/function.js';
import { authenticated } from './http/request.js';
import { json, OPERATION, operationParam } from './http/validate.js';
import { runAlone } from './server/run-alone.js';

/** Milliseconds. */
const POLL = 250;
const HEARTBEAT = 15_000;
/** The longest that a stream lasts; clients may reconnect. */
const LONGEST = 600_000;

/** Sends each change until the operation ends or the client is gone. */
async function follow(
  { core: { clock, log }, closing }: Deps,
  stream: SSEStreamingApi,
  current: () => Promise<OperationStatus>,
): Promise<void> {
  const endsAt = clock.monotonic() + LONGEST;
  let sent = '';
  let sentAt = clock.monotonic();
  while (!stream.aborted && !closing.aborted && clock.monotonic() < endsAt) {
    try {
      const now = await current();
      const data = JSON.stringify(now);
      if (data !== sent) {
        await stream.writeSSE({ event: now.state === 'ended' ? 'ended' : 'progress', data });
        [sent, sentAt] = [data, clock.monotonic()];
      }
      if (now.state === 'ended') return;
    } catch (error) {
      // The store may answer at the next poll.
      log.info({ err: error }, 'an operation could not be read');
    }
    if (clock.monotonic() - sentAt >= HEARTBEAT) {
      await stream.write(': still there\n\n');
      sentAt = clock.monotonic();
    }
    await stream.sleep(POLL);
  }
}

/**
 * `/operations/:operationId`: the status of an accepted command; `/events`: the same as a stream of changes; `/dismiss`:
 * a person gives up what is still pending.
 */
export const operations: KillswitchFunction = {
  name: 'operations',
  routes: deps =>
    new Hono<Env>()
      .get(OPERATION, authenticated(deps), operationParam, async c =>
        c.json(await operationStatus(deps, c.get('actor'), c.req.valid('param').operationId)),
      )
      .post(`${OPERATION}/dismiss`, authenticated(deps), operationParam, json(dismissBodySchema), async c => {
        const order = {
          ...c.req.valid('json'),
          operationId: c.req.valid('param').operationId,
          actor: c.get('actor'),
          requestId: c.get('requestId'),
        };
        return c.json(await dismissOperation(deps.core, order));
      })
      .get(`${OPERATION}/events`, authenticated(deps), operationParam, async c => {
        const current = () => operationStatus(deps, c.get('actor'), c.req.valid('param').operationId);
        // A caller who may not see it, or an unknown operation, gets an error instead of a stream.
        await current();
        return streamSSE(c, stream => follow(deps, stream, current));
      }),
};

await runAlone(operations);
