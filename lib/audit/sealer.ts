import { isStoreDown } from '../domain/errors.js';
import type { Core } from '../ports/core.js';
import type { HighWaterMark } from '../ports/high-water-mark.js';
import type { AuditKeys } from '../ports/keys.js';
import type { Health, Probe } from '../ports/runtime.js';
import { createPoller, type Poller } from '../util/poller.js';
import { sealDue } from './append-checkpoint.js';
import { raiseHighWaterMark, readHighWaterMark, type SeenCheckpoint } from './high-water-mark.js';

/** Seals the audit in the background, without delaying the commits of a stop. */
export interface Sealer extends Probe, Poller {
  /** Seals all due entries. Never rejects. */
  look(): Promise<void>;
}

interface Parts extends Pick<Core, 'records' | 'audit' | 'clock' | 'log'> {
  readonly highWaterMark: HighWaterMark;
  /** Called until it succeeds once. */
  readonly openKeys: () => Promise<AuditKeys>;
}

/** Milliseconds between two polls: another process may have written to the audit. */
const INTERVAL = 3_000;
/** Milliseconds after a commit, so that one checkpoint covers a whole stop. */
const AFTER_COMMIT = 750;
/** Milliseconds without a commit: a stop of many agents commits every few milliseconds. */
const QUIET = 250;
/** Milliseconds without a completed round until the probe reports it. */
const LATE = 30_000;

/**
 * Seals asynchronously, because hashing within the commit would make the commits of all processes wait for each other.
 * Checkpoints are kept in the store, and the high-water mark on this host's disk.
 */
export function createSealer({ records, audit, clock, log, highWaterMark, openKeys }: Parts): Sealer {
  let keys: AuditKeys | undefined;
  let lastSeen: SeenCheckpoint | undefined;
  /** The hash of the high-water mark on disk. */
  let kept: string | undefined;
  /** Kept until this process ends: a broken chain does not heal. */
  let alarm: string | undefined;
  let trouble: string | undefined;
  let lookedAt = clock.monotonic();
  let closed = false;

  /** @returns what went wrong; `''` for a store that does not answer, which its own probe reports */
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
    const read = await attempt(
      'the high-water mark of the audit cannot be read from the state directory',
      async () => {
        lastSeen ??= await readHighWaterMark(highWaterMark);
      },
    );
    const sealed = await attempt('the audit cannot be sealed', async () => {
      keys ??= await openKeys();
      await seal(keys);
    });
    const noted =
      read ??
      (await attempt('the high-water mark of the audit cannot be written to the state directory', keep));
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
