import * as z from 'zod';
import type { Api } from './api.js';
import { type ContainerId, isContainerId } from './container-id.js';
import { EngineError, toEngineError } from './errors.js';

/** What the engine says of one container. */
export interface Found {
  readonly id: ContainerId;
  /** As the engine's list has it: `created`, `running`, `paused`, `restarting`, `exited`, `dead` … */
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What is needed to kill a container without the engine. */
export interface Inspected {
  /** Of its first process; 0 if it has none. */
  readonly pid: number;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Whether it has a restart policy. */
  readonly restarts: boolean;
  /** Whether all that runs in it ends with its first process: it can leave neither its cgroup nor its PIDs. */
  readonly confined: boolean;
}

export type Condition = 'not-running' | 'removed';

/** The engine's calls. Each settles within its deadline; each rejects with an {@link EngineError} alone. */
export interface Engine {
  /** Containers in whatever state that carry the label, `key` or `key=value`. */
  list(label: string, limit?: number): Promise<readonly Found[]>;
  /** `undefined`: there is none. Unlike inspect it is answered while a kill of the container hangs. */
  find(id: ContainerId): Promise<Found | undefined>;
  inspect(id: ContainerId): Promise<Inspected>;
  /** The engine's whole answer to inspect. */
  describe(id: ContainerId, signal: AbortSignal): Promise<unknown>;
  /** The last lines of its output, in the engine's framing, until the signal aborts. */
  logs(id: ContainerId, tail: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  kill(id: ContainerId, signal: 'SIGTERM' | 'SIGKILL', withinMs?: number): Promise<void>;
  pause(id: ContainerId): Promise<void>;
  unpause(id: ContainerId): Promise<void>;
  /** Whether it was seen not to run, or to be removed, within so many milliseconds. */
  wait(id: ContainerId, condition: Condition, withinMs: number): Promise<boolean>;
  /** With its anonymous volumes, running or not. */
  remove(id: ContainerId, withinMs: number): Promise<void>;
}

const id = z.string().refine(isContainerId);
const labels = z.record(z.string(), z.string()).nullish();
const listed = z.array(z.object({ Id: id, State: z.string(), Labels: labels }));
const inspected = z.object({
  State: z.object({ Pid: z.int(), StartedAt: z.string() }),
  HostConfig: z.object({
    RestartPolicy: z.object({ Name: z.string() }).nullish(),
    Privileged: z.boolean().nullish(),
    PidMode: z.string().nullish(),
    CapAdd: z.array(z.string()).nullish(),
  }),
  Mounts: z.array(z.object({ Source: z.string().nullish() })).nullish(),
});
/** A mount of these leads to the cgroups and the processes of the host. */
const isOfHost = ({ Source }: { Source?: string | null | undefined }): boolean =>
  /^\/((sys|proc|run|var\/run)(\/.*)?)?$/.test(Source ?? '');
const waited = z.object({ StatusCode: z.int() });

/**
 * Source: https://docs.docker.com/reference/api/engine/version/v1.41/
 * @param onAnswer called for each list that the engine has answered with
 */
export function createEngine(api: Api, callDeadlineMs: number, onAnswer: () => void): Engine {
  const { getContainer, getLogs, listContainers } = api;
  const within = (ms = callDeadlineMs): AbortSignal => AbortSignal.timeout(Math.ceil(ms));
  const typed = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((error: unknown) => Promise.reject(toEngineError(error)));
  /** Ignores what the answer says beyond that it was done. */
  const order = async (answer: Promise<unknown>): Promise<void> => {
    await typed(answer);
  };
  const read = async (filters: Record<string, string[]>, limit?: number): Promise<Found[]> => {
    const bound = limit === undefined ? {} : { limit };
    const answer = await listContainers({ all: true, ...bound, filters, abortSignal: within() });
    const containers = listed.parse(answer);
    onAnswer();
    return containers.map(({ Id, State, Labels }) => ({ id: Id, state: State, labels: Labels ?? {} }));
  };

  const awaitState = async (container: ContainerId, condition: Condition, ms: number): Promise<boolean> => {
    waited.parse(await getContainer(container).wait({ condition, abortSignal: within(ms) }));
    return true;
  };

  const describe = (container: ContainerId, abortSignal: AbortSignal): Promise<unknown> =>
    getContainer(container).inspect({ abortSignal });

  const inspect = async (container: ContainerId): Promise<Inspected> => {
    const { State, HostConfig, Mounts } = inspected.parse(await describe(container, within()));
    const policy = HostConfig.RestartPolicy?.Name;
    const { Privileged, PidMode, CapAdd } = HostConfig;
    const sharesHost = !['', 'private'].includes(PidMode ?? '') || Mounts?.some(isOfHost);
    return {
      pid: State.Pid,
      startedAt: Date.parse(State.StartedAt),
      restarts: !!policy && policy !== 'no',
      confined: !Privileged && !CapAdd?.length && !sharesHost,
    };
  };

  return {
    list: (label, limit) => typed(read({ label: [label] }, limit)),
    find: async container => {
      const found = await typed(read({ id: [container] }));
      return found.find(({ id }) => id === container);
    },
    inspect: container => typed(inspect(container)),
    describe: (container, signal) => typed(describe(container, signal)),
    logs: (container, tail, abortSignal) =>
      typed(getLogs(container, { stdout: true, stderr: true, timestamps: true, tail, abortSignal })),
    kill: (container, signal, withinMs) =>
      order(getContainer(container).kill({ signal, abortSignal: within(withinMs) })),
    pause: container => order(getContainer(container).pause({ abortSignal: within() })),
    unpause: container => order(getContainer(container).unpause({ abortSignal: within() })),
    wait: async (container, condition, withinMs) => {
      try {
        return await typed(awaitState(container, condition, withinMs));
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        if (error.statusCode === 404) return true;
        if (error.reason === 'unanswered') return false;
        throw error;
      }
    },
    remove: (container, withinMs) =>
      order(getContainer(container).remove({ force: true, v: true, abortSignal: within(withinMs) })),
  };
}
