import { auditPage } from './audit-page.js';
import { agentShape } from './command-shapes.js';
import { readiness } from './health.js';
import { hostScan } from './host-scan.js';
import { dismissal } from './operation-status.js';
import type { Readiness } from './responses.js';
import { reliedOn } from './schema.js';

/** What is relied on in the answers that only a client over HTTP asks for. */
export const clientShapes = {
  agent: agentShape,
  audit: reliedOn(auditPage),
  scan: reliedOn(hostScan),
  dismissal: reliedOn(dismissal),
  ready: reliedOn(readiness).transform(
    ({ status, ports }): Readiness => ({ ready: status === 'ready', ports }),
  ),
} as const;
