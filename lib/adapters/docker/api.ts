import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import type Docker from 'dockerode';
import type { ContainerId } from './container-id.js';
import type { DialOptions, Modem } from './modem.js';

/** The engine's API by dockerode's calls. Each rejects with what the modem failed with. */
export interface Api {
  /** dockerode's own: of its calls those that send no body. */
  getContainer(
    id: ContainerId,
  ): Pick<Docker.Container, 'inspect' | 'kill' | 'pause' | 'remove' | 'unpause' | 'wait'>;
  /** Output of a container, piece by piece; throws when it breaks off. */
  getLogs(id: ContainerId, options: LogsOptions): Promise<AsyncIterable<Uint8Array>>;
  listContainers(options: Docker.ContainerListOptions): Promise<unknown>;
  /** The stream of events, which has no end; throws when it breaks off. It does not keep the process alive. */
  getEvents(options: EventsOptions): Promise<AsyncIterable<string>>;
}

export type LogsOptions = Omit<Docker.ContainerLogsOptions, 'follow'>;
export interface EventsOptions extends Pick<Docker.GetEventsOptions, 'filters'> {
  /** Seconds since the epoch, with decimals. */
  readonly since: string;
  readonly abortSignal?: AbortSignal;
}

// By require: an import of CommonJS makes the start of the process some 15 ms longer.
const Container: typeof Docker.Container = createRequire(import.meta.url)('dockerode/lib/container.js');

const OK = { 200: true } as const;

/**
 * dockerode loads gRPC and an SSH client with its main module, which takes several times as long as all that a stop
 * needs of it: so its containers alone are loaded, and the two calls of its main module are made here in its way.
 */
export function createApi(modem: Modem): Api {
  const dial = (options: DialOptions): Promise<unknown> =>
    new Promise((resolve, reject) => {
      modem.dial(options, (error, answer) => (error === undefined ? resolve(answer) : reject(error)));
    });
  // dockerode would hold all the output of a container in memory: this hands it on as it comes.
  const streaming: Modem = {
    ...modem,
    dial: (options, callback) => modem.dial({ ...options, isStream: true }, callback),
  };

  return {
    getContainer: id => new Container(modem, id),
    async getLogs(id, options) {
      const logs: unknown = await new Container(streaming, id).logs(options);
      return logs as IncomingMessage;
    },
    listContainers: ({ abortSignal, ...options }) =>
      dial({ method: 'GET', path: '/containers/json?', options, abortSignal, statusCodes: OK }),
    async getEvents({ abortSignal, ...options }) {
      const answer = await dial({
        method: 'GET',
        path: '/events?',
        options,
        abortSignal,
        isStream: true,
        statusCodes: OK,
      });
      const response = answer as IncomingMessage;
      if (response.socket instanceof Socket) response.socket.unref();
      return response.setEncoding('utf8');
    },
  };
}
