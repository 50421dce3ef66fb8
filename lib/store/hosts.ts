import * as z from 'zod';
import type { Core } from '../ports/core.js';
import type { DocumentRef } from '../ports/records.js';
import { parseJson } from '../util/parse-json.js';
import { type Change, compareAndSet } from './compare-and-set.js';

/** Milliseconds between two entries of one node. */
const REFRESH = 60_000;
/** A node that was not heard of for so long is taken away: nothing of it is waited for. Milliseconds. */
const KEPT = 30 * 24 * 3_600_000;

const HOSTS: DocumentRef = { kind: 'memory', id: 'hosts' };
/** When each node was last heard of, in epoch milliseconds. */
const schema = z.record(z.string(), z.number());
type Heard = z.infer<typeof schema>;

const parse = (raw: string | null | undefined): Heard => schema.safeParse(parseJson(raw ?? '')).data ?? {};

/** Which nodes share the store, as each of them has written there. */
export interface Hosts {
  /** Writes that this node is there, once a minute at most, and reads who else is. Never rejects. */
  beat(): Promise<void>;
  /** Whether no other node was heard of; false until the store has answered once. */
  isAlone(): boolean;
}

export function createHosts(core: Pick<Core, 'hostId' | 'records' | 'clock' | 'log'>): Hosts {
  const { hostId, records, clock, log } = core;
  let known: Heard | undefined;
  const compute = (raw: string | null | undefined): Change<Heard> => {
    const now = clock.now();
    const heard = parse(raw);
    const fresh = Object.entries(heard).filter(([, at]) => now - at < KEPT);
    const value = { ...Object.fromEntries(fresh), [hostId]: now };
    if (raw === undefined || now - (heard[hostId] ?? 0) < REFRESH) return { value: heard };
    return { step: { document: HOSTS, expect: raw, next: JSON.stringify(value), audit: [] }, value };
  };
  return {
    async beat() {
      try {
        known = await compareAndSet(
          { records, log } as Core,
          async () => (await records.read([HOSTS]))[0],
          compute,
          'node told',
        );
      } catch (error) {
        log.info({ err: error }, 'this node could not announce itself in the store');
      }
    },
    isAlone: () => known !== undefined && Object.keys(known).every(name => name === hostId),
  };
}
