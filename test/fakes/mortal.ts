import type { Core } from '../../lib/ports/core.js';

export interface Mortal {
  readonly core: Core;
  /** From now on no call is carried out or answered, as by a process that was killed. */
  die(): void;
  /** Dies at the commit of this number, counted from 1: before it is done, or when it is done and not answered. */
  dieAtCommit(number: number, when: 'before' | 'after'): void;
  /** Resolves when it is dead. */
  readonly died: Promise<void>;
  /** How many commits there were. */
  commits(): number;
}

const silence = (): Promise<never> => new Promise(() => undefined);
const nothing = { [Symbol.asyncIterator]: () => ({ next: silence }) };

/** What a call of this method gives to who is dead: nothing ever comes of it. */
const toTheDead = (method: PropertyKey): unknown => {
  if (method === 'scan' || method === 'query') return nothing;
  return method === 'watch' ? () => undefined : silence();
};

/** A process of its own on what `core` works with, so that it can die and leave the rest as it stands. */
export function mortal(core: Core): Mortal {
  let dead = false;
  let tell: () => void = () => undefined;
  const died = new Promise<void>(resolve => {
    tell = resolve;
  });
  const die = (): void => {
    dead = true;
    tell();
  };
  let count = 0;
  let death: { readonly number: number; readonly when: 'before' | 'after' } | undefined;

  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => (dead ? toTheDead(name) : Reflect.apply(value, target, args));
      },
    });
  const { commit } = core.records;
  const records: Core['records'] = {
    ...core.records,
    async commit(steps) {
      count++;
      if (count !== death?.number) return commit(steps);
      if (death.when === 'after') await commit(steps);
      die();
      return silence();
    },
  };
  return {
    core: {
      ...core,
      records: wrap(records),
      audit: wrap(core.audit),
      sandboxes: core.sandboxes.map(wrap),
      scanners: core.scanners.map(wrap),
      worktrees: wrap(core.worktrees),
      journal: wrap(core.journal),
      recordCache: new Map(),
    },
    die,
    died,
    dieAtCommit(number, when) {
      death = { number, when };
    },
    commits: () => count,
  };
}
