import { listQuery } from '../../lib/client/queries.js';
import { agentIdSchema, registrationSchema, transitionSchema } from '../../lib/domain/agent.js';
import {
  engageBodySchema,
  killAllBodySchema,
  killBodySchema,
  resetBodySchema,
} from '../../lib/domain/command.js';
import type { openRandom } from '../faults/random.helper.js';

/** One request as it goes over the wire, and whether any answer of 2xx to it could be right. */
export interface Probe {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly mayHold: boolean;
}

export interface Credentials {
  readonly whole: string;
  readonly reader: string;
  readonly forged: string;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** What the body says, or a symbol if it is none that may be taken. */
function parsed(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(utf8.decode(body), (name, value) => {
      if (name === '__proto__') throw new Error('a name that is refused');
      return value;
    });
  } catch {
    return INVALID;
  }
}
const INVALID = Symbol('invalid');

const killPath = /^\/agents\/([^/?]+)\/kill(\?|$)/;
const agentPath = /^\/agents\/([^/?]+)(\?|$)/;
const OPEN = /^\/(healthz|readyz|openapi\.json|metrics|docs)?(\?|$)/;

const isAgent = (encoded: string | undefined): boolean => {
  try {
    return agentIdSchema.safeParse(decodeURIComponent(encoded ?? '')).success;
  } catch {
    return false;
  }
};

/** The contract, told a second time, loosely: what is not in it may never be answered with 2xx. */
export function mayHold(
  { method, path: target, headers, body }: Omit<Probe, 'mayHold'>,
  { whole, reader }: Credentials,
): boolean {
  // A fragment does not belong into a request and counts for nothing.
  const [path = ''] = target.split('#', 1);
  const isRead = method === 'GET' || method === 'HEAD';
  if (isRead && OPEN.test(path)) return true;
  const bearer = /^Bearer +(\S+)$/i.exec(headers['authorization'] ?? '')?.[1];
  if (bearer !== whole && !(isRead && bearer === reader)) return false;
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  const content = parsed(body);
  const fits = (schema: { safeParse(value: unknown): { success: boolean } }): boolean =>
    (body.length === 0 || type === 'application/json') && schema.safeParse(content).success;
  const [, query = ''] = path.split('?', 2);
  const asked = Object.fromEntries(new URLSearchParams(query));
  if (isRead && /^\/agents(\?|$)/.test(path)) return listQuery.safeParse(asked).success;
  if (isRead && /^\/(latch|operations\/[^/]+(\/events)?)(\?|$)/.test(path)) return true;
  if (isRead && /^\/audit(\?|$)/.test(path)) return true;
  if (method === 'POST' && /^\/agents\/kill-all(\?|$)/.test(path)) return fits(killAllBodySchema);
  if (method === 'POST' && killPath.test(path)) {
    return isAgent(killPath.exec(path)?.[1]) && fits(killBodySchema);
  }
  if (method === 'POST' && /^\/latch(\?|$)/.test(path)) return fits(engageBodySchema);
  if (method === 'DELETE' && /^\/latch(\?|$)/.test(path)) return fits(resetBodySchema);
  if (!agentPath.test(path) || !isAgent(agentPath.exec(path)?.[1])) return false;
  if (method === 'PUT') return fits(registrationSchema);
  if (method === 'PATCH') return fits(transitionSchema);
  return isRead;
}

const IDS = ['a1', 'a2', 'agent.with:odd_chars-1', 'x'.repeat(128)];
const NASTY = [
  '__proto__',
  'constructor',
  '../../etc/passwd',
  '%2e%2e',
  '%00',
  '\u202e',
  '\ud800',
  'a'.repeat(5_000),
  '<script>',
  '$\u007bjndi:ldap://x}',
  '\r\nX-Injected: 1',
  '\u001b[2J',
  "' OR 1=1 --",
  '*',
  '%',
  '-1',
  '1e400',
  'NaN',
  '[]',
  '{}',
  '"',
  'orchestrator:agent:a1',
  'kill-all',
  'kill',
  '.',
  '..',
  '//',
  '%2F',
  '\\',
  '🦀',
  '(a+)+$',
];

/** In percent signs; half of a pair of surrogates, which has no UTF-8, as the replacement character. */
const encoded = (text: string): string => encodeURIComponent(Buffer.from(text).toString());

type Chance = ReturnType<typeof openRandom>;

/** Random requests: some whole, most of them broken in one to three ways. */
export function openProbes({ random, pick }: Pick<Chance, 'random' | 'pick'>, credentials: Credentials) {
  const chance = (share: number): boolean => random() < share;
  const whole = (upTo: number): number => Math.floor(random() * upTo);
  const bodies: (() => unknown)[] = [
    () => ({}),
    () => ({ reason: pick(NASTY) }),
    () => ({ status: 'running', taskId: 't1', labels: { team: 'core' } }),
    () => ({ status: pick(['spawning', 'running', 'completed', 'killed', pick(NASTY)]) }),
    () => ({ selector: { agentIds: [pick(IDS)] }, dryRun: true }),
    () => ({ selector: { labels: { [pick(NASTY)]: pick(NASTY) } }, reason: 'x' }),
    () => ({ selector: { taskid: 't1' } }),
    () => ({ [pick(NASTY)]: pick(NASTY) }),
    () => ({ graceSeconds: pick([-1, 0, 0.5, 1e9, null, '1']) }),
    () => ({ expectedContainerId: pick(['0'.repeat(64), 'f'.repeat(63), pick(NASTY)]) }),
    () => pick([null, 1, 'text', [], true]),
  ];
  const fresh = (): string => `new-${whole(1e9)}`;
  const seeds: (() => { method: string; path: string; body?: object })[] = [
    () => ({ method: 'POST', path: `/agents/${pick(IDS)}/kill` }),
    () => ({ method: 'POST', path: '/agents/kill-all' }),
    () => ({ method: 'PUT', path: `/agents/${chance(0.5) ? fresh() : pick(IDS)}` }),
    () => ({ method: 'PATCH', path: `/agents/${pick(IDS)}` }),
    () => ({ method: 'GET', path: `/agents/${pick(IDS)}` }),
    () => ({
      method: 'GET',
      path: `/agents?limit=${pick(['1', '1000', '0', '-1', '1e3', pick(NASTY)])}&status=running`,
    }),
    () => ({ method: pick(['GET', 'POST', 'DELETE']), path: '/latch' }),
    // Or else the emergency stop stays engaged, and nobody is registered any more.
    () => ({ method: 'DELETE', path: '/latch', body: { reason: 'all clear' } }),
    () => ({ method: 'GET', path: `/operations/${pick(NASTY)}` }),
    () => ({ method: 'GET', path: pick(['/healthz', '/openapi.json', '/', '/metrics']) }),
    () => ({ method: 'GET', path: `/audit?since=${pick(NASTY)}&limit=${pick(NASTY)}` }),
    () => ({ method: 'POST', path: `/hooks/${pick(['standard', 'github', 'alertmanager', pick(NASTY)])}` }),
    () => ({ method: 'POST', path: `/chatops/${pick(['slack', 'discord', 'mattermost', pick(NASTY)])}` }),
    () => ({ method: pick(['GET', 'POST']), path: `/links/${pick([credentials.forged, pick(NASTY)])}` }),
  ];
  const authorization = (): string | undefined =>
    pick([
      () => `Bearer ${credentials.whole}`,
      () => `Bearer ${credentials.whole}`,
      () => `Bearer ${credentials.reader}`,
      () => `Bearer ${credentials.forged}`,
      () => `Bearer ${credentials.whole.slice(0, whole(credentials.whole.length))}`,
      () => `Bearer ${flipped(credentials.whole)}`,
      () => `Basic ${pick(NASTY)}`,
      () => pick(NASTY),
      () => undefined,
    ])();

  function flipped(text: string): string {
    const at = whole(text.length);
    return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
  }
  function mutated(body: Buffer): Buffer {
    const copy = Buffer.from(body);
    switch (whole(7)) {
      case 0:
        return copy.subarray(0, whole(copy.length + 1));
      case 1:
        if (copy.length > 0) copy[whole(copy.length)] = whole(256);
        return copy;
      case 2:
        return Buffer.concat([copy, Buffer.from(pick(NASTY))]);
      case 3:
        return Buffer.from(`${'['.repeat(whole(20_000))}`);
      case 4:
        return Buffer.from(`{"selector":${'{"labels":'.repeat(whole(2_000))}1`);
      case 5:
        return Buffer.from(`{"reason":"${'x'.repeat(whole(140_000))}"}`);
      default:
        return Buffer.from(`{"status":"running","status":"killed","__proto__":{"x":1}}`);
    }
  }
  /** What no header may hold is not sent by any client; it goes into paths and bodies instead. */
  const sendable = (text: string): string => text.replace(/[^\t\x20-\x7e]/g, '?');

  return (): Probe => {
    const { method, path, body: own } = pick(seeds)();
    let body: Buffer =
      method === 'GET' ? Buffer.alloc(0) : Buffer.from(JSON.stringify(own ?? pick(bodies)()));
    let target = path;
    let verb = method;
    if (chance(0.3)) body = mutated(body);
    if (chance(0.15)) target = `${target}${pick(['/', '?', '%', '#', ';'])}${encoded(pick(NASTY))}`;
    if (chance(0.1)) target = target.replace(/[^/]+$/, () => encoded(pick(NASTY)));
    if (chance(0.08)) verb = pick(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']);
    const given = authorization();
    const headers: Record<string, string> = {
      ...(given !== undefined && { authorization: sendable(given) }),
      ...(body.length > 0 && {
        'content-type': chance(0.9) ? 'application/json' : sendable(pick(NASTY)) || 'x',
      }),
      ...(chance(0.1) && { 'idempotency-key': sendable(pick(NASTY)) }),
      ...(chance(0.1) && {
        [pick(['x-request-id', 'x-forwarded-for', 'accept', 'x-hub-signature-256'])]: sendable(pick(NASTY)),
      }),
    };
    const probe = {
      method: verb,
      path: target.replace(/[^\x21-\x7e]/gu, encoded),
      headers,
      body,
    };
    return { ...probe, mayHold: mayHold(probe, credentials) };
  };
}
