import * as z from 'zod';
import type { Core } from '../ports/core.js';
import type { DocumentRef } from '../ports/records.js';
import { parseJson } from '../util/parse-json.js';
import { type Change, compareAndSet } from './compare-and-set.js';

/** Milliseconds between two heartbeats of a node. */
const REFRESH = 60_000;
/** A node without a heartbeat for this long is dropped. Milliseconds. */
const KEPT = 30 * 24 * 3_600_000;

const HOSTS: DocumentRef = { kind: 'memory', id: 'hosts' };
/** The last heartbeat of each node, in epoch milliseconds. */
const schema = z.record(z.string(), z.number());
type Heard = z.infer<typeof schema>;

const parse = (raw: string | null | undefined): Heard => schema.safeParse(parseJson(raw ?? '')).data ?? {};

/** The nodes that share the store, by their heartbeats in it. */
export interface Hosts {
  /** Writes this node's heartbeat, at most once a minute, and reads those of the others. Never rejects. */
  beat(): Promise<void>;
  /** Whether no other node has a heartbeat; false until the store has answered once. */
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
          'heartbeat written',
        );
      } catch (error) {
        log.info({ err: error }, 'the heartbeat of this node could not be written to the store');
      }
    },
    isAlone: () => known !== undefined && Object.keys(known).every(name => name === hostId),
  };
}
