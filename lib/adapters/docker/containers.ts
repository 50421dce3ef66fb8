import * as z from 'zod';
import type { ContainerInfo, Containers } from '../../ports/containers.js';
import { createApi } from './api.js';
import { type ConnectionOptions, DEFAULT_SOCKET, prepareConnection } from './connection.js';
import { byContext } from './context.js';
import { type EngineFailure, toEngineError } from './errors.js';
import { openModem } from './modem.js';

const DEADLINE_MS = 1_500;
const WORDS: Readonly<Record<EngineFailure, string>> = {
  unanswered: 'the engine does not answer',
  unreachable: 'no engine listens',
  forbidden: 'this user may not use the engine',
  broken: 'the engine’s answer could not be read',
  status: 'the engine refuses to list them',
};

const listed = z.array(
  z.object({
    Id: z.string().regex(/^[0-9a-f]{64}$/),
    Names: z.array(z.string()).nullish(),
    Image: z.string(),
    Command: z.string().nullish(),
    Created: z.number(),
    Labels: z.record(z.string(), z.string()).nullish(),
  }),
);

/**
 * Lists the containers of a Docker engine, whatever their labels, with one call each time. Where no engine listens there
 * are none.
 * Source: https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerList
 */
export function createContainers(options: ConnectionOptions): Containers {
  const connection = prepareConnection(byContext(options, DEFAULT_SOCKET));
  return {
    async running() {
      const modem = openModem(connection);
      try {
        const filters = { status: ['running', 'paused', 'restarting'] };
        const abortSignal = AbortSignal.timeout(DEADLINE_MS);
        const answer = await createApi(modem).listContainers({ filters, abortSignal });
        return listed.parse(answer).map(toInfo);
      } catch (error) {
        const { reason } = toEngineError(error);
        if (reason === 'unreachable') return [];
        throw new Error(WORDS[reason], { cause: error });
      } finally {
        modem.close();
      }
    },
  };
}

const toInfo = ({
  Id,
  Names,
  Image,
  Command,
  Created,
  Labels,
}: z.infer<typeof listed>[number]): ContainerInfo => ({
  id: Id,
  name: Names?.[0]?.replace(/^\//, '') ?? '',
  labels: Labels ?? {},
  image: Image,
  command: Command ?? '',
  // When it was made: the list does not say when it was started last.
  startedAt: Created * 1_000,
});
