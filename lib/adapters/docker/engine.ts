import * as z from 'zod';
import { EngineError, toEngineError } from './errors.js';
import type { Call, Modem } from './modem.js';

declare const checked: unique symbol;
/** A full container ID. Nothing else reaches the engine: it takes names, prefixes and paths for IDs. */
export type ContainerId = string & { readonly [checked]: true };

const isContainerId = (text: string): text is ContainerId => /^[0-9a-f]{64}$/.test(text);
export const toContainerId = (text: string): ContainerId | undefined =>
  isContainerId(text) ? text : undefined;

/** What the engine says of one container. */
export interface Found {
  readonly id: ContainerId;
  /** As the engine's list has it: `created`, `running`, `paused`, `restarting`, `exited`, `dead` … */
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What it takes to reach a container without the engine. */
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
  /** All that the engine has to say of it. */
  describe(id: ContainerId, signal: AbortSignal): Promise<unknown>;
  /** The last lines of its output, in the engine's framing, until the signal aborts. */
  logs(id: ContainerId, tail: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  kill(id: ContainerId, signal: 'SIGTERM' | 'SIGKILL', withinMs?: number): Promise<void>;
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
/** Through these one reaches the cgroups and the processes of the host. */
const isOfHost = ({ Source }: { Source?: string | null | undefined }): boolean =>
  /^\/((sys|proc|run|var\/run)(\/.*)?)?$/.test(Source ?? '');
const waited = z.object({ StatusCode: z.int() });

/**
 * Source: https://docs.docker.com/reference/api/engine/version/v1.41/
 * @param onAnswer told of each list that the engine has answered with
 */
export function openEngine(modem: Modem, callDeadlineMs: number, onAnswer: () => void): Engine {
  const within = (ms = callDeadlineMs): AbortSignal => AbortSignal.timeout(Math.ceil(ms));
  const at = (container: ContainerId, what = ''): string => `/containers/${container}${what}`;
  const typed = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((error: unknown) => Promise.reject(toEngineError(error)));
  /** Whatever the answer says beyond that it was done. */
  const order = async (call: Call): Promise<void> => {
    await typed(modem.call(call));
  };
  const read = async (filters: Record<string, string[]>, limit?: number): Promise<Found[]> => {
    const query = { all: true, limit, filters };
    const answer = await modem.call({ method: 'GET', path: '/containers/json', query, signal: within() });
    const containers = listed.parse(answer);
    onAnswer();
    return containers.map(({ Id, State, Labels }) => ({ id: Id, state: State, labels: Labels ?? {} }));
  };

  const awaitState = async (container: ContainerId, condition: Condition, ms: number): Promise<boolean> => {
    const path = at(container, '/wait');
    waited.parse(await modem.call({ method: 'POST', path, query: { condition }, signal: within(ms) }));
    return true;
  };

  const describe = (container: ContainerId, signal: AbortSignal): Promise<unknown> =>
    modem.call({ method: 'GET', path: at(container, '/json'), signal });

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
    logs: (container, tail, signal) => {
      const query = { stdout: true, stderr: true, timestamps: true, tail };
      return typed(modem.stream({ method: 'GET', path: at(container, '/logs'), query, signal }));
    },
    kill: (container, signal, withinMs) =>
      order({ method: 'POST', path: at(container, '/kill'), query: { signal }, signal: within(withinMs) }),
    unpause: container => order({ method: 'POST', path: at(container, '/unpause'), signal: within() }),
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
    remove: (container, withinMs) => {
      const query = { force: true, v: true };
      return order({ method: 'DELETE', path: at(container), query, signal: within(withinMs) });
    },
  };
}
