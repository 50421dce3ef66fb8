import { isStoreDown } from '../domain/errors.js';
import type { Core } from '../ports/core.js';
import type { HighWaterMark } from '../ports/high-water-mark.js';
import type { AuditKeys } from '../ports/keys.js';
import type { Health, Probe } from '../ports/runtime.js';
import { createPoller, type Poller } from '../util/poller.js';
import { sealDue } from './append-checkpoint.js';
import { raiseHighWaterMark, readHighWaterMark, type SeenCheckpoint } from './high-water-mark.js';

/** Seals the audit behind whoever writes it, and never in the way of what it tells of. */
export interface Sealer extends Probe, Poller {
  /** Seals all that is due. Never rejects. */
  look(): Promise<void>;
}

interface Parts extends Pick<Core, 'records' | 'audit' | 'clock' | 'log'> {
  readonly highWaterMark: HighWaterMark;
  /** Asked until it answers. */
  readonly openKeys: () => Promise<AuditKeys>;
}

/** Milliseconds. Another process may have written. */
const INTERVAL = 3_000;
/** So that one checkpoint seals all of a stop, when that is over. */
const AFTER_COMMIT = 750;
/** Without a commit: a stop of many commits every few milliseconds. */
const QUIET = 250;
/** Milliseconds without a look that came to its end. */
const LATE = 30_000;

/**
 * A consumer of the audit, as the notifier is: to hash within the commit would make all commits of all processes wait
 * for each other. What it has sealed stands in the store; what it has seen there, also on this host's disk.
 */
export function createSealer({ records, audit, clock, log, highWaterMark, openKeys }: Parts): Sealer {
  let keys: AuditKeys | undefined;
  let lastSeen: SeenCheckpoint | undefined;
  /** The hash of what stands on the disk. */
  let kept: string | undefined;
  /** Holds until this process ends: a break does not heal. */
  let alarm: string | undefined;
  let trouble: string | undefined;
  let lookedAt = clock.monotonic();
  let closed = false;

  /** @returns what went wrong, but for a store that is out of reach, which says so itself */
  async function attempt(what: string, act: () => Promise<void>): Promise<string | undefined> {
    try {
      await act();
      return undefined;
    } catch (err) {
      if (isStoreDown(err)) return '';
      if (trouble !== what) log.error({ err }, what);
      return what;
    }
  }

  async function seal(known: AuditKeys): Promise<void> {
    for (let more = true; more && !closed; ) {
      const found = await sealDue({ records, audit, clock, keys: known }, lastSeen);
      if (found.alarm !== undefined && found.alarm !== alarm) log.error({}, found.alarm);
      alarm = found.alarm ?? alarm;
      lastSeen = found.lastSeen;
      more = found.more;
    }
    lookedAt = clock.monotonic();
  }

  async function keep(): Promise<void> {
    if (!lastSeen || lastSeen.hash === kept) return;
    await raiseHighWaterMark(highWaterMark, lastSeen);
    kept = lastSeen.hash;
  }

  async function look(): Promise<void> {
    const read = await attempt('what this host has seen of the audit cannot be read', async () => {
      lastSeen ??= await readHighWaterMark(highWaterMark);
    });
    const sealed = await attempt('the audit is not sealed', async () => {
      keys ??= await openKeys();
      await seal(keys);
    });
    const noted = read ?? (await attempt('what this host has seen of the audit cannot be kept', keep));
    trouble = read || sealed || noted || undefined;
  }

  function problem(): string | undefined {
    const idle = clock.monotonic() - lookedAt;
    return (
      alarm ?? trouble ?? (idle > LATE ? `not sealed for ${Math.round(idle / 1_000)} seconds` : undefined)
    );
  }

  const rounds = createPoller({
    clock,
    poll: look,
    interval: INTERVAL,
    afterWake: AFTER_COMMIT,
    quiet: QUIET,
  });
  return {
    ...rounds,
    look,
    async probe(): Promise<Health> {
      const detail = problem();
      return { name: 'audit', ok: detail === undefined, aside: true, ...(detail && { detail }) };
    },
    async close() {
      closed = true;
      await rounds.close();
    },
  };
}
