import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { StoreAddress } from './url.js';

export type Client = Redis | Cluster;

const retry = (attempt: number): number => Math.min(50 * attempt, 500);

/** The driver's defaults may leave a call pending for ever or send it twice; these do neither. */
const patience = (deadlineMs: number) =>
  ({
    connectTimeout: deadlineMs,
    commandTimeout: deadlineMs,
    socketTimeout: 2 * deadlineMs,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    keepAlive: 5000,
    // How long closing a dead connection keeps the process alive.
    disconnectTimeout: 100,
  }) as const satisfies RedisOptions;

/** Connects in the background and retries for ever; does not throw if a server is down. */
export function connect(address: StoreAddress, deadlineMs: number): Client {
  const { username, password } = address;
  const login = { ...(username ? { username } : {}), ...(password ? { password } : {}) };
  const shared = { ...patience(deadlineMs), ...login };
  const node = { ...shared, enableOfflineQueue: false, retryStrategy: retry };
  switch (address.kind) {
    case 'single': {
      const { endpoint, tls, db } = address;
      // Without the ready check, a server that is loading answers so itself.
      const alone = { enableReadyCheck: false, ...(tls ? { tls: {} } : {}) };
      return new Redis({ ...node, ...endpoint, db, ...alone });
    }
    case 'sentinel': {
      const { sentinels, master, db, sentinel } = address;
      return new Redis({
        ...node,
        db,
        name: master,
        sentinels: [...sentinels],
        sentinelRetryStrategy: retry,
        sentinelCommandTimeout: deadlineMs,
        ...(sentinel.username ? { sentinelUsername: sentinel.username } : {}),
        ...(sentinel.password ? { sentinelPassword: sentinel.password } : {}),
        // A demoted master: ask the Sentinels again. The refused call is not resent.
        reconnectOnError: error => error.message.startsWith('READONLY'),
      });
    }
    case 'cluster':
      return new Cluster([...address.nodes], {
        redisOptions: shared,
        // Without it, a newly found node refuses all calls but the first until it is connected. Nothing stays in the
        // queue: the link only sends while the cluster is ready, and the command timeout applies.
        enableOfflineQueue: true,
        clusterRetryStrategy: retry,
        slotsRefreshTimeout: deadlineMs,
        slotsRefreshInterval: 5000,
        // Zero: a call whose connection broke may have run, so it is not resent.
        retryDelayOnFailover: 0,
        retryDelayOnClusterDown: 0,
      });
  }
}
