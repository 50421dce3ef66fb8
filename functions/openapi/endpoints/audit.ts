import { auditPage } from '../../../lib/client/audit-page.js';
import { auditQuery } from '../../../lib/client/queries.js';
import type { Endpoint } from '../endpoint.js';
import * as examples from '../examples.js';

export const audit: readonly Endpoint[] = [
  {
    operationId: 'readAudit',
    method: 'get',
    path: '/audit',
    tag: 'Audit',
    summary: 'Read the audit',
    description:
      'What was done, by whom and why, in the order of the commits: as JSON a page with a cursor, or as NDJSON, where `accept` asks for it, everything that matches, one entry a line.',
    scope: 'audit:read',
    query: auditQuery,
    replies: {
      200: {
        description: 'The entries.',
        headers: {
          'x-audit-cursor':
            'Only with NDJSON: pass it on as `after`, once all lines are read, for what was committed later.',
        },
        content: {
          'application/json': { schema: auditPage, example: examples.auditPage },
          'application/x-ndjson': {
            description:
              'Each line is an `AuditEntry` in JSON. Where not all could be read, the connection breaks off.',
            example: `${JSON.stringify(examples.auditEntry)}\n`,
          },
        },
      },
    },
    errors: ['store_unavailable'],
  },
];
