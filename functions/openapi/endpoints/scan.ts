import { hostScan } from '../../../lib/client/host-scan.js';
import { type Endpoint, json } from '../endpoint.js';
import * as examples from '../examples.js';

export const scan: readonly Endpoint[] = [
  {
    operationId: 'scanHost',
    method: 'get',
    path: '/scan',
    tag: 'Agents',
    summary: 'Show what runs on this host that looks like an agent',
    description:
      'What the detectors find by the processes and containers of the host, registered or not. Changes nothing. A narrowed credential sees only what it covers.',
    scope: 'agents:read',
    replies: { 200: json('What was found.', hostScan, examples.hostScan) },
    errors: ['store_unavailable'],
  },
];
