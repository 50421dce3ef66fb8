import { createNotifier, type Notifier } from '../../lib/notify/notifier.js';
import type { Core } from '../../lib/ports/core.js';
import { httpReceiver } from './receiver.js';
import type { TargetSettings } from './settings.js';

/** One notifier for each target, so that none waits for another. The caller closes them. */
export const openNotifiers = (
  targets: readonly TargetSettings[],
  core: Core,
  fetch: typeof globalThis.fetch,
): readonly Notifier[] =>
  targets.map(target => createNotifier(core, httpReceiver(target, { fetch, clock: core.clock })));
