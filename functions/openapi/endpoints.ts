import type { z } from 'zod';
import { auditQuery, listQuery } from '../../lib/client/queries.js';
import type { Scope } from '../../lib/domain/actor.js';
import { registrationSchema, transitionSchema } from '../../lib/domain/agent.js';
import {
  dismissBodySchema,
  engageBodySchema,
  killAllBodySchema,
  killBodySchema,
  resetBodySchema,
} from '../../lib/domain/command.js';
import type { ErrorCode } from '../../lib/domain/errors.js';

/** One row of the HTTP contract. */
export interface Endpoint {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** In OpenAPI's spelling. */
  readonly path: string;
  readonly summary: string;
  /** Absent: open to everybody. */
  readonly scope?: Scope;
  readonly body?: z.ZodType;
  readonly query?: z.ZodObject;
  /** Takes an `Idempotency-Key`. */
  readonly idempotent?: true;
  readonly answers: Readonly<Record<number, string>>;
  readonly errors?: readonly ErrorCode[];
  /** `application/json` unless told. */
  readonly type?: string;
}

const DONE =
  'Nothing is owed; `verified` says whether its death was seen, and `warnings` what could not be seen, or was never seen running';
const OPEN = 'Accepted; what is not confirmed yet is named, and goes on being tried';
const AGENT = '/agents/{agentId}';
const OPERATION = '/operations/{operationId}';
const ACTIVATING: readonly ErrorCode[] = ['latched', 'tombstoned', 'conflict', 'store_unavailable'];

/** The HTTP contract: what is published of it, and what the tests hold the routes to. */
export const endpoints: readonly Endpoint[] = [
  {
    method: 'post',
    path: `${AGENT}/kill`,
    summary: 'Stop one agent',
    scope: 'agents:kill',
    body: killBodySchema,
    idempotent: true,
    answers: { 200: DONE, 202: OPEN },
    errors: ['invalid_state', 'agent_not_found', 'container_changed', 'conflict', 'idempotency_mismatch'],
  },
  {
    method: 'post',
    path: '/agents/kill-all',
    summary: 'Stop every selected active agent',
    scope: 'agents:kill-all',
    body: killAllBodySchema,
    idempotent: true,
    answers: { 200: DONE, 202: OPEN },
    errors: ['idempotency_mismatch'],
  },
  {
    method: 'get',
    path: '/agents',
    summary: 'The records, by ID',
    scope: 'agents:read',
    query: listQuery,
    answers: {
      200: 'A page of records as stored; `seen` is `gone` where an active one is not seen any more',
    },
    errors: ['store_unavailable'],
  },
  {
    method: 'get',
    path: AGENT,
    summary: 'One record',
    scope: 'agents:read',
    answers: { 200: 'The record as stored' },
    errors: ['agent_not_found', 'store_unavailable'],
  },
  {
    method: 'put',
    path: AGENT,
    summary: 'Register an agent',
    scope: 'agents:write',
    body: registrationSchema,
    answers: { 200: 'It was registered so already', 201: 'Registered' },
    errors: ['agent_exists', ...ACTIVATING],
  },
  {
    method: 'patch',
    path: AGENT,
    summary: 'Change the status, and what became known since',
    scope: 'agents:write',
    body: transitionSchema,
    answers: { 200: 'The record as stored' },
    errors: ['invalid_state', 'agent_not_found', 'unreadable_record', ...ACTIVATING],
  },
  {
    method: 'get',
    path: '/latch',
    summary: 'Whether the emergency stop is engaged',
    scope: 'agents:read',
    answers: {
      200: 'Since when, by whom, why, and for whom; to a narrowed token, of what may concern what it covers',
    },
    errors: ['store_unavailable'],
  },
  {
    method: 'post',
    path: '/latch',
    summary: 'Engage the emergency stop: no agent becomes active',
    scope: 'latch:engage',
    body: engageBodySchema,
    idempotent: true,
    answers: { 200: 'Engaged; or how it stands now, where the key was used before' },
    errors: ['latch_full', 'conflict', 'unreadable_record', 'store_unavailable'],
  },
  {
    method: 'delete',
    path: '/latch',
    summary: 'Reset the emergency stop; starts nothing',
    scope: 'latch:reset',
    body: resetBodySchema,
    idempotent: true,
    answers: { 200: 'Released; or as it stands, where the key was for an earlier emergency' },
    errors: ['conflict', 'unreadable_record', 'store_unavailable'],
  },
  {
    method: 'get',
    path: OPERATION,
    summary: 'What became of an accepted command',
    scope: 'agents:read',
    answers: { 200: 'Its state, and its receipt' },
    errors: ['operation_not_found', 'store_unavailable'],
  },
  {
    method: 'post',
    path: `${OPERATION}/dismiss`,
    summary: 'Give up what it still owes: a person takes the responsibility',
    scope: 'latch:reset',
    body: dismissBodySchema,
    answers: { 200: 'Which agents owe nothing any more; nothing was confirmed' },
    errors: ['operation_not_found', 'conflict', 'store_unavailable'],
  },
  {
    method: 'get',
    path: `${OPERATION}/events`,
    summary: 'The same as server-sent events, until it has ended',
    scope: 'agents:read',
    answers: { 200: 'Events `progress` and `ended`' },
    errors: ['operation_not_found', 'store_unavailable'],
    type: 'text/event-stream',
  },
  {
    method: 'get',
    path: '/audit',
    summary: 'What was done, by whom and why, in the order of the commits; as NDJSON where that is accepted',
    scope: 'audit:read',
    query: auditQuery,
    answers: {
      200: 'Entries, each with `actor` and, where it was asked for, `source` (an IP address, `socket` or `local`); and a cursor that goes on right after the last of them, with NDJSON in the header `x-audit-cursor`',
    },
    errors: ['store_unavailable'],
  },
  {
    method: 'post',
    path: '/hooks/{source}',
    summary: "A platform's webhook, under its own signature",
    answers: { 200: 'What came of each order, or that it asks for nothing', 202: OPEN },
    errors: [
      'unauthenticated',
      'too_many_failures',
      'not_found',
      'invalid_request',
      'body_too_large',
      'busy',
      'store_unavailable',
    ],
  },
  {
    method: 'get',
    path: '/links/{token}',
    summary: 'A page with one button; changes nothing',
    answers: { 200: 'Whom it would stop', 404: 'It is no kill link', 410: 'Its time is over' },
    type: 'text/html',
  },
  {
    method: 'post',
    path: '/links/{token}',
    summary: 'Stop the agent that a single-use token is for',
    answers: {
      200: DONE,
      202: OPEN,
      400: 'The state of the agent does not allow it',
      401: 'It was used before, has expired, or is not ours',
      429: 'The same, after too many from one network',
      404: 'It is no kill link, or there is no such agent',
    },
    type: 'text/html',
  },
  {
    method: 'post',
    path: '/chatops/{platform}',
    summary: "A chat's slash command or button, under its platform's own signature",
    answers: { 200: 'What the platform shows; what becomes of an order is told there later' },
    errors: [
      'unauthenticated',
      'too_many_failures',
      'not_found',
      'invalid_request',
      'body_too_large',
      'busy',
    ],
  },
  { method: 'get', path: '/healthz', summary: 'This process answers', answers: { 200: 'It does' } },
  {
    method: 'get',
    path: '/readyz',
    summary: 'What each port says of itself',
    answers: {
      200: 'All that a stop needs work; `degraded` where it could stop or see less than it should',
      503: 'One that a stop needs does not',
    },
  },
  {
    method: 'get',
    path: '/metrics',
    summary: 'For Prometheus',
    answers: { 200: 'Its text format' },
    type: 'text/plain',
  },
  { method: 'get', path: '/openapi.json', summary: 'This document', answers: { 200: 'OpenAPI 3.1' } },
  { method: 'get', path: '/docs/api', summary: 'A page', answers: { 200: 'A page' }, type: 'text/html' },
  { method: 'get', path: '/docs', summary: 'The guides', answers: { 200: 'A page' }, type: 'text/html' },
  {
    method: 'get',
    path: '/docs/{guide}',
    summary: 'One guide as a page; as Markdown where the name ends with `.md`',
    answers: { 200: 'The page', 302: 'To the list', 404: 'A page that says there is no such guide' },
    type: 'text/html',
  },
  {
    method: 'get',
    path: '/docs/assets/{name}',
    summary: 'A style sheet or picture of the guides',
    answers: { 200: 'The file' },
    errors: ['not_found'],
    type: 'application/octet-stream',
  },
];
