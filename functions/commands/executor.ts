import type { z } from 'zod';
import type { Actor } from '../../lib/domain/actor.js';
import type { Core } from '../../lib/ports/core.js';
import type { Stop } from '../../lib/stop/stop.js';

/** What carries commands out. */
export interface Executor {
  readonly core: Core;
  readonly stop: Stop;
  readonly newId: () => string;
  /** Looks at once at what runs here and must not. */
  readonly wake?: () => void;
  /** Milliseconds until a stop answers at the latest; `limits.respondMs` if absent. */
  readonly answerWithinMs?: number;
  /** Checks a body; absent where it was checked before. */
  readonly checked?: <T extends z.ZodType>(schema: T, body: unknown) => z.output<T>;
}

/** Who asks, in which request. */
export interface Caller {
  readonly actor: Actor;
  readonly requestId?: string;
  /** What makes the request the same when it is sent again under its key; of the command itself if absent. */
  readonly fingerprint?: () => Promise<string>;
}
