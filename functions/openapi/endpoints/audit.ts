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
      'What was done, by whom and why, in the order of the commits. As JSON: a page with a cursor. As NDJSON, if `accept` asks for it: all matching entries, one per line.',
    scope: 'audit:read',
    query: auditQuery,
    replies: {
      200: {
        description: 'The entries.',
        headers: {
          'x-audit-cursor':
            'Only with NDJSON: after all lines are read, pass it as `after` to get later entries.',
        },
        content: {
          'application/json': { schema: auditPage, example: examples.auditPage },
          'application/x-ndjson': {
            description: 'Each line is an `AuditEntry` in JSON. If reading fails, the connection is aborted.',
            example: `${JSON.stringify(examples.auditEntry)}\n`,
          },
        },
      },
    },
    errors: ['store_unavailable'],
  },
];
