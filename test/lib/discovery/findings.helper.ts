import type { Finding } from '../../../lib/discovery/finding.js';
import type { FakeCore } from '../../fakes/core.js';

/** Claude Code, as a look at the host shows it. */
export const claude = (pid: number, more: Partial<Finding> = {}): Finding => ({
  detector: 'claude',
  kind: 'process',
  id: `${pid}:${pid * 100}`,
  agentId: `claude-${pid}-${pid * 100}`,
  pid,
  startedAt: new Date(pid * 1_000).toISOString(),
  evidence: ['claude'],
  adopted: false,
  tree: { processes: 1, memoryBytes: 0, cpuMs: 0 },
  ...more,
});

/** Marks an agent of this ID killed, for good. */
export const bury = async ({ store }: FakeCore, agentId: string): Promise<void> => {
  const document = { kind: 'agent', id: agentId } as const;
  const next = JSON.stringify({ agentId, status: 'killed' });
  await store.records.commit([{ document, expect: null, next, tombstone: '{}', audit: [] }]);
};
