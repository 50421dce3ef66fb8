import * as z from 'zod';
import { liveness, readiness } from '../../../lib/client/health.js';
import { type Endpoint, json } from '../endpoint.js';
import * as examples from '../examples.js';

/** The document itself, checked only superficially. */
export const openApiDocument = z.looseObject({ openapi: z.string() });

export const service: readonly Endpoint[] = [
  {
    operationId: 'getLiveness',
    method: 'get',
    path: '/healthz',
    tag: 'Service',
    summary: 'Whether the process answers',
    description: 'Checks nothing else; use `/readyz` to learn whether agents can be stopped.',
    replies: { 200: json('It does.', liveness, { status: 'ok' }) },
    errors: ['unconfigured'],
  },
  {
    operationId: 'getReadiness',
    method: 'get',
    path: '/readyz',
    tag: 'Service',
    summary: 'Whether everything that a stop needs works',
    description: 'The health of the store, the engine and the other parts, at most a second old.',
    replies: {
      200: json(
        'A stop can be carried out; `degraded` if the server can stop, or see, less than it should.',
        readiness,
        examples.readiness,
      ),
      503: json('Something that a stop needs does not work.', readiness, {
        status: 'degraded',
        ports: [{ name: 'store', ok: false, detail: 'it does not answer' }],
      }),
    },
    errors: ['unconfigured'],
  },
  {
    operationId: 'getMetrics',
    method: 'get',
    path: '/metrics',
    tag: 'Service',
    summary: 'Metrics for Prometheus',
    description: 'Counts of answers, stops and deliveries. It names no agent.',
    replies: {
      200: {
        description: 'The metrics.',
        content: {
          'text/plain': {
            description: 'The text format of Prometheus.',
            example: '# TYPE killswitch_latch_engaged gauge\nkillswitch_latch_engaged 0\n',
          },
        },
      },
    },
  },
  {
    operationId: 'getOpenApi',
    method: 'get',
    path: '/openapi.json',
    tag: 'Service',
    summary: 'This document',
    description: 'The HTTP API, made from the schemas that requests and answers are checked with.',
    replies: { 200: json('The document.', openApiDocument, { openapi: '3.1.0' }) },
  },
];
