import { completeObserved } from '../discovery/adopt.js';
import { discover } from '../discovery/discover.js';
import type { Agent } from '../domain/agent.js';
import { isStoreDown } from '../domain/errors.js';
import type { Core } from '../ports/core.js';
import type { InFlight } from '../stop/in-flight.js';
import type { Stop } from '../stop/stop.js';
import type { Hosts } from '../store/hosts.js';
import { settleEach } from '../store/settle-each.js';
import { jitter } from '../util/backoff.js';
import { enforce, enforceTombstones } from './enforce.js';
import { payDebts, replayJournal } from './retry-pending.js';

export interface Reconcile {
  /** Resolves when what was left behind has been looked at once. */
  start(): Promise<void>;
  /** Looks again at once. */
  wake(): void;
  /** Ends after the looks that are under way. */
  close(): Promise<void>;
}

/** Milliseconds. */
const INTERVAL = 2_000;
/** Every how many looks all records are read. */
const FULL_EVERY = 15;

/**
 * Makes the state right, level-triggered: whatever message was missed, whichever process died, what is owed is paid
 * and what must not run is stopped, at the latest with the next look. Looks may overlap: an agent that will not die
 * delays no other one, and what is worked on already is left to the process that does.
 */
export function createReconcile(
  core: Core,
  inFlight: InFlight,
  stop: Stop,
  hosts?: Pick<Hosts, 'beat'>,
): Reconcile {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const looking = new Set<Promise<void>>();
  let closed = false;
  let looks = 0;
  const busy = new Set<string>();
  const { presence } = core;
  const { isGone } = presence;

  /** One that fails does not keep the others from being done. */
  async function attempt(name: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!isStoreDown(error)) core.log.error({ err: error, step: name }, 'reconcile failed');
    }
  }

  /** Skipped while the last one is still under way: what takes longer than a look must not pile up. */
  async function alone(name: string, act: () => Promise<void>): Promise<void> {
    if (busy.has(name)) return;
    busy.add(name);
    await attempt(name, act).finally(() => busy.delete(name));
  }

  async function lookAtHost(): Promise<void> {
    const { seen, blind } = await discover(core, { routine: true });
    if (blind.length === 0) {
      const here = new Set(seen.map(({ agentId }) => agentId));
      presence.note(here);
      await forgetAbsent(core, here);
    }
    await enforce(core, inFlight, seen);
  }

  async function look(): Promise<void> {
    const first = looks === 0;
    const full = looks++ % FULL_EVERY === 0;
    // At the start whatever this host owes is overdue: the process that was to pay it is no more.
    const due = first ? Number.MAX_SAFE_INTEGER : core.clock.now();
    await Promise.all([
      hosts?.beat(),
      // One at a time: an order that is being carried out still stands in the journal.
      alone('journal', () => replayJournal(core, stop)),
      attempt('debts', () => payDebts(core, inFlight, stop, due)),
      attempt('sightings', lookAtHost),
      full && alone('tombstones', () => enforceTombstones(core, inFlight, isGone)),
    ]);
  }

  const schedule = (ms: number): void => {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(run, ms);
  };
  function run(): Promise<void> {
    const looked = look().finally(() => looking.delete(looked));
    looking.add(looked);
    schedule(jitter(INTERVAL));
    return looked;
  }
  const ends = core.scanners.map(scanner =>
    scanner.watch(sighting => {
      const work = attempt('start', () => enforce(core, inFlight, [sighting], { isNew: true })).finally(() =>
        looking.delete(work),
      );
      looking.add(work);
    }),
  );

  return {
    start: run,
    wake: () => schedule(0),
    async close() {
      closed = true;
      clearTimeout(timer);
      for (const end of ends) end();
      await Promise.all(looking);
    },
  };
}

/** Only what runs here is worth remembering. An observed agent has no other watcher that would say that it ended. */
async function forgetAbsent(core: Core, here: ReadonlySet<string>): Promise<void> {
  const { recordCache, presence } = core;
  const absent = [...recordCache.values()].filter(({ agentId }) => !here.has(agentId));
  const isObserved = ({ source }: Agent): boolean => source === 'observed';
  const gone = absent.filter(agent => !isObserved(agent) || presence.isGone(agent.agentId));
  for (const { agentId } of gone) recordCache.delete(agentId);
  const observed = gone.filter(isObserved);
  await settleEach(observed.map(({ agentId }) => completeObserved(core, agentId)));
}
