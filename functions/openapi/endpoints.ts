import type { Endpoint } from './endpoint.js';
import { agents } from './endpoints/agents.js';
import { audit } from './endpoints/audit.js';
import { docs } from './endpoints/docs.js';
import { latch } from './endpoints/latch.js';
import { operations } from './endpoints/operations.js';
import { scan } from './endpoints/scan.js';
import { service } from './endpoints/service.js';
import { stop } from './endpoints/stop.js';
import { triggers } from './endpoints/triggers.js';

/** The HTTP API: what is published, and what tests compare the routes with. */
export const endpoints: readonly Endpoint[] = [
  ...stop,
  ...latch,
  ...agents,
  ...scan,
  ...operations,
  ...audit,
  ...triggers,
  ...service,
  ...docs,
];
