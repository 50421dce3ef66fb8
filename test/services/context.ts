import { type ProvidedContext, inject as provided } from 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The engine, as `DOCKER_HOST` would name it. */
    dockerHost: string;
    /** The store, as `redis://host:port`. */
    redisUrl: string;
    /** Image of busybox that agents' containers run. */
    agentImage: string;
    /** Process IDs of the private services; null where the environment named one that is not ours. */
    dockerdPid: number | null;
    containerdPid: number | null;
    redisPid: number | null;
    /** Folder of this run; all that is in it or names it goes when the run ends. */
    runFolder: string;
  }
}

/** Variable that marks a process as started by a run; its value is the run folder's name. */
export const RUN_MARK = 'TEST_SERVICES_RUN';

let own: Partial<ProvidedContext> | undefined;

/** Gives what the tests are given to a program that is no test. */
export function provide<K extends keyof ProvidedContext>(name: K, value: ProvidedContext[K]): void {
  own = { ...own, [name]: value };
}

/** What the run provides: that of the tests or, in a program that is none, its own. */
export function inject<K extends keyof ProvidedContext>(name: K): ProvidedContext[K] {
  return own && name in own ? (own[name] as ProvidedContext[K]) : provided(name);
}
