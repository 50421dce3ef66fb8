import type { AuditEntry } from '../../lib/domain/audit-entry.js';
import { KillswitchError } from '../../lib/domain/errors.js';
import type { AuditLog, AuditPage, AuditPlace, AuditQuery } from '../../lib/ports/audit.js';
import type {
  AgentPage,
  DocumentRef,
  Records,
  Step,
  StepResult,
  StoredAgent,
} from '../../lib/ports/records.js';
import type { Probe } from '../../lib/ports/runtime.js';
import { utf8 } from '../../lib/util/crypto.js';
import { type Faults, faulty } from './faults.js';

/** What each method answers; a scan: its pages. */
export interface Answers {
  read: readonly (string | null | undefined)[];
  agents: readonly StoredAgent[];
  scan: readonly (readonly StoredAgent[])[];
  page: AgentPage;
  commit: readonly StepResult[];
  tombstoned: readonly boolean[];
  debts: readonly string[];
  append: undefined;
  query: readonly AuditEntry[];
  search: AuditPage;
  after: readonly AuditPlace[];
  last: string;
}

/** All that a store remembers. Two fakes that are given the same one are two connections. */
export interface Memory {
  /** By `kind:id`; `raw` is undefined where the bytes are no UTF-8, or there is no text at all. */
  readonly documents: Map<string, { raw: string | undefined; expiresAt: number; isForeign?: true }>;
  readonly active: Set<string>;
  readonly tombstones: Map<string, string>;
  /** By host, then by agent: due at. */
  readonly debts: Map<string, Map<string, number>>;
  readonly audit: AuditEntry[];
}

export interface FakeRecords {
  readonly records: Records;
  readonly audit: AuditLog;
  readonly probe: Probe['probe'];
  readonly memory: Memory;
  readonly faults: Faults<Answers>;
  /** Writes an agent's record as another program does. */
  seedForeign(agentId: string, bytes: string | Uint8Array): void;
  /** Puts something that is no text where this document would be. */
  seedOther(document: DocumentRef): void;
  close(): Promise<void>;
}

const PAGE = 1000;

export const emptyMemory = (): Memory => ({
  documents: new Map(),
  active: new Set(),
  tombstones: new Map(),
  debts: new Map(),
  audit: [],
});

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function pagesOf<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / PAGE) }, (_, n) =>
    items.slice(n * PAGE, (n + 1) * PAGE),
  );
}

/** A store in memory for tests. `now` gives epoch milliseconds. */
export function fakeRecords({ memory = emptyMemory(), now = Date.now } = {}): FakeRecords {
  const { documents, active, tombstones, debts, audit } = memory;
  const { faults, through } = faulty<Answers>();
  let closed = false;

  const open = <M extends keyof Answers>(method: M, work: () => Answers[M]): Promise<Answers[M]> =>
    through(method, () => {
      if (closed) throw new KillswitchError('store_unavailable');
      return work();
    });
  const key = ({ kind, id }: DocumentRef): string => `${kind}:${id}`;
  const rawOf = (document: DocumentRef): string | null | undefined => {
    const found = documents.get(key(document));
    return found === undefined || found.expiresAt <= now() ? null : found.raw;
  };
  const stored = (agentId: string): StoredAgent[] => {
    const raw = rawOf({ kind: 'agent', id: agentId });
    const { isForeign } = documents.get(`agent:${agentId}`) ?? {};
    const tombstoned = tombstones.has(agentId);
    return raw === null ? [] : [{ agentId, raw, ...(isForeign && { isForeign }), tombstoned }];
  };
  const everyAgent = (): string[] =>
    [...documents.keys()].filter(name => name.startsWith('agent:')).map(name => name.slice('agent:'.length));

  function apply(step: Step): StepResult {
    const { document, expect, next, ttlSeconds, admission, tombstone, debt } = step;
    if (admission !== undefined && tombstones.has(document.id)) return 'tombstoned';
    if (rawOf(document) !== expect) return 'conflict';
    if (admission !== undefined && rawOf({ kind: 'latch', id: '' }) !== admission.latch) return 'conflict';
    const expiresAt = ttlSeconds === undefined ? Number.POSITIVE_INFINITY : now() + ttlSeconds * 1000;
    if (next === null) documents.delete(key(document));
    else documents.set(key(document), { raw: next, expiresAt });
    if (step.active === true) active.add(document.id);
    if (step.active === false) active.delete(document.id);
    if (tombstone !== undefined && !tombstones.has(document.id)) tombstones.set(document.id, tombstone);
    if (debt !== undefined) owe(debt, document.id);
    audit.push(...step.audit);
    return 'committed';
  }

  function owe({ host, dueAt }: NonNullable<Step['debt']>, agentId: string): void {
    const owed = debts.get(host) ?? new Map<string, number>();
    debts.set(host, owed);
    if (dueAt === null) owed.delete(agentId);
    else owed.set(agentId, dueAt);
  }

  function select({ since, agentId, operationId, limit }: AuditQuery): AuditEntry[] {
    const matching = audit.filter(
      entry =>
        (since === undefined || Date.parse(entry.timestamp) >= Date.parse(since)) &&
        (agentId === undefined || entry.agentId === agentId) &&
        (operationId === undefined || entry.operationId === operationId),
    );
    return matching.slice(0, limit);
  }

  return {
    memory,
    faults,
    records: {
      read: asked => open('read', () => asked.map(rawOf)),
      agents: agentIds => open('agents', () => agentIds.flatMap(stored)),
      async *scan(scope) {
        const pages = () => pagesOf((scope === 'active' ? [...active] : everyAgent()).flatMap(stored));
        yield* await open('scan', pages);
      },
      page: (after, limit) =>
        open('page', () => {
          const ids = everyAgent()
            .sort(byText)
            .filter(agentId => agentId > after)
            .slice(0, limit);
          const next = ids.length === limit ? ids.at(-1) : undefined;
          return { agents: ids.flatMap(stored), ...(next !== undefined && { next }) };
        }),
      commit: steps => open('commit', () => steps.map(apply)),
      tombstoned: agentIds => open('tombstoned', () => agentIds.map(id => tombstones.has(id))),
      debts: (host, before, limit) =>
        open('debts', () =>
          [...(debts.get(host) ?? [])]
            .filter(([, dueAt]) => dueAt <= before)
            .sort(([a, dueA], [b, dueB]) => dueA - dueB || byText(a, b))
            .slice(0, limit)
            .map(([agentId]) => agentId),
        ),
    },
    audit: {
      append: entries => open('append', () => void audit.push(...entries)),
      async *query(query) {
        yield* await open('query', () => select(query));
      },
      search: (query, { after, upTo = `${audit.length || ''}`, limit }) =>
        open('search', () => {
          const matching = new Set(select({ ...query, limit: Number.POSITIVE_INFINITY }));
          const found = audit
            .map((entry, index) => ({ position: `${index + 1}`, entry }))
            .slice(Number(after), Number(upTo))
            .filter(({ entry }) => matching.has(entry))
            .slice(0, limit);
          const more = found.length === limit;
          const position = (more && found.at(-1)?.position) || upTo;
          return { found, position, more };
        }),
      after: (position, limit, upTo = `${audit.length}`) =>
        open('after', () =>
          audit
            .map((entry, index) => ({ position: `${index + 1}`, entry, bytes: utf8(JSON.stringify(entry)) }))
            .slice(Number(position), Math.min(Number(position) + limit, Number(upTo))),
        ),
      last: () => open('last', () => (audit.length > 0 ? `${audit.length}` : '')),
    },
    probe: async () => ({ name: 'store', ok: !closed }),
    seedForeign(agentId, bytes) {
      const raw = typeof bytes === 'string' ? bytes : decode(bytes);
      documents.set(`agent:${agentId}`, { raw, expiresAt: Number.POSITIVE_INFINITY });
    },
    seedOther(document) {
      documents.set(key(document), { raw: undefined, isForeign: true, expiresAt: Number.POSITIVE_INFINITY });
    },
    async close() {
      closed = true;
    },
  };
}
