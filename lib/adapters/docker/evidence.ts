import pLimit from 'p-limit';
import * as z from 'zod';
import type { Kernel } from '../../ports/kernel.js';
import type { Log } from '../../ports/runtime.js';
import type { Target } from '../../ports/sandbox.js';
import { withTimeout } from '../../util/with-timeout.js';
import type { ContainerId } from './container-id.js';
import type { Engine } from './engine.js';
import { EngineError } from './errors.js';
import { LINES, readLogs } from './log-tail.js';
import { redacted } from './redact.js';

/** What a container leaves behind. Either may be missing. */
export interface Evidence {
  /** Its last output, at most 1 MiB, one line each: the stream, the time, the text. */
  readonly logs?: Uint8Array;
  /** What the engine says of it, as JSON; what looks like a secret is taken out. */
  readonly inspect?: string;
}

export interface EvidenceStore {
  keep(containerId: string, agentId: string, operationId: string, evidence: Evidence): Promise<void>;
}

/** Fetches and keeps the evidence of one dead container, if it can be had in time. Does not reject. */
export type EvidenceCollector = (id: ContainerId, target: Target) => Promise<void>;

export interface EvidenceCollectorOptions {
  readonly engine: Engine;
  readonly kernel: Kernel;
  readonly store: EvidenceStore;
  readonly log: Log;
}

/** Milliseconds by which evidence may hold up the removal of one container, and that fetching it may take. */
const CAP = 1_000;
/** As many as are removed at a time. */
const CONCURRENCY = 16;
/** Milliseconds for which an engine that did not answer is not asked again: it must not cost every container the cap. */
const REST = 5_000;

const described = z.object({
  Config: z.object({ Tty: z.boolean().optional() }).nullish(),
  State: z.object({ Running: z.boolean().optional() }).nullish(),
});

/** Comes back when the work is done, or when it has taken too long; it then goes on by itself. */
export const withinCap = (work: Promise<void>): Promise<void> => withTimeout(work, CAP, () => undefined);

export function createEvidenceCollector({
  engine,
  kernel,
  store,
  log,
}: EvidenceCollectorOptions): EvidenceCollector {
  const pool = pLimit(CONCURRENCY);
  let restUntil = 0;
  let answeredAt = 0;

  const gather = async (id: ContainerId, { agentId, operationId }: Target): Promise<void> => {
    // A container that runs (again) is to be stopped, not looked at.
    const life = kernel.look(id);
    if (life === 'populated' || performance.now() < restUntil) return;
    const [askedAt, signal] = [performance.now(), AbortSignal.timeout(CAP)];
    const whole = await engine.describe(id, signal).catch((error: unknown) => {
      const isUnanswered = error instanceof EngineError && error.reason === 'unanswered';
      // An engine that is only busy has answered for some of the others.
      if (isUnanswered && answeredAt < askedAt) restUntil = performance.now() + REST;
      throw error;
    });
    answeredAt = performance.now();
    const { Config, State } = described.parse(whole);
    // The engine notices late what the kernel killed.
    if (life === 'unknown' && State?.Running) return;
    const chunks = await engine.logs(id, LINES, signal).catch(() => undefined);
    const logs = chunks && (await readLogs(chunks, { framed: !Config?.Tty }));
    await store.keep(id, agentId, operationId, { inspect: redacted(whole), ...(logs && { logs }) });
  };

  return (id, target) =>
    pool(gather, id, target).catch((err: unknown) => {
      log.info({ err, agentId: target.agentId, containerId: id }, 'no evidence of a container was kept');
    });
}
