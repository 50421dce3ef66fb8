import type { z } from 'zod';
import type { Actor } from '../../lib/domain/actor.js';
import type { Core } from '../../lib/ports/core.js';
import type { Stop } from '../../lib/stop/stop.js';

/** What is needed to carry commands out. */
export interface Executor {
  readonly core: Core;
  readonly stop: Stop;
  readonly newId: () => string;
  /** Reconciles at once. */
  readonly wake?: () => void;
  /** Milliseconds within which a stop answers; `limits.respondMs` if absent. */
  readonly answerWithinMs?: number;
  /** Checks a body; absent if it has been checked. */
  readonly checked?: <T extends z.ZodType>(schema: T, body: unknown) => z.output<T>;
}

/** The actor, and the request that the command came in. */
export interface Caller {
  readonly actor: Actor;
  readonly requestId?: string;
  /** Digest by which a repeated request is recognised; absent: made from the command. */
  readonly fingerprint?: () => Promise<string>;
}
