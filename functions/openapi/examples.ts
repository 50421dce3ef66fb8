const operationId = '0193525c-6b00-7c3e-a3a1-5f7b8c9d0e1f';
const containerId = '4f1d2e'.padEnd(64, '0');
const at = '2026-11-22T10:00:00.000Z';

const outcomes = [
  {
    layer: 'container',
    kind: 'docker',
    id: containerId,
    outcome: 'removed',
    deadAfterMs: 8.4,
    settledAfterMs: 61.2,
  },
  { layer: 'process', kind: 'process', outcome: 'notFound' },
  {
    layer: 'worktree',
    outcome: 'removed',
    settledAfterMs: 12.7,
    quarantinePath: '/srv/worktrees/.killswitch-quarantine/a1',
  },
];

export const agentReceipt = {
  agentId: 'a1',
  operationId,
  statusBefore: 'running',
  taskId: 't1',
  host: 'h1',
  verified: true,
  pending: [],
  outcomes,
};

export const killReceipt = { message: 'Agent a1 killed successfully', ...agentReceipt };

export const openKillReceipt = {
  message: 'Agent a1: container not confirmed dead yet; it is tried again',
  ...agentReceipt,
  verified: false,
  pending: ['container'],
  outcomes: [{ layer: 'container', kind: 'docker', id: containerId, outcome: 'pending' }],
};

const counts = { total: 1, killed: 1, failed: 0, pending: 0, refused: 0 };

export const receipt = {
  operationId,
  message: '1 agent killed',
  verified: true,
  ...counts,
  agents: [agentReceipt],
};

export const openReceipt = {
  operationId,
  message: '0 of 1 agent killed',
  verified: false,
  ...counts,
  killed: 0,
  failed: 1,
  pending: 1,
  agents: [
    {
      ...agentReceipt,
      verified: false,
      pending: ['container'],
      outcomes: [{ layer: 'container', kind: 'docker', id: containerId, outcome: 'pending' }],
    },
  ],
};

export const latch = {
  engaged: true,
  since: at,
  by: 'alice',
  reason: "agents delete each other's branches",
  selector: { taskId: 't1' },
};

export const released = { engaged: false };

export const operation = {
  operationId,
  state: 'ended',
  type: 'kill-all',
  requestedAt: at,
  requestedBy: 'alice',
  reason: "agents delete each other's branches",
  receipt,
};

export const dismissal = {
  operationId,
  message: '1 agent given up by alice: what was owed is not tried again, and was not confirmed',
  agents: ['a1'],
};

export const registration = {
  status: 'running',
  taskId: 't1',
  host: 'h1',
  sandboxes: [{ kind: 'docker', id: containerId }],
  containerId,
  repository: '/srv/repos/app',
  worktreePath: '/srv/worktrees/a1',
  labels: { team: 'core' },
};

export const agent = { agentId: 'a1', ...registration, startedAt: at };

export const finding = {
  detector: 'claude',
  kind: 'process',
  id: '4242:123456',
  agentId: 'claude-0193525c-6b00-7c3e-a3a1-0000000000aa',
  pid: 4242,
  session: '0193525c-6b00-7c3e-a3a1-0000000000aa',
  workingDirectory: '/srv/worktrees/a1',
  worktree: '/srv/worktrees/a1',
  repository: '/srv/repos/app',
  startedAt: at,
  evidence: ['executable /usr/lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe'],
  adopted: false,
  tree: { processes: 7, memoryBytes: 734_003_200, cpuMs: 81_230, oldest: at },
};

export const hostScan = { findings: [finding], unread: 0, blind: [] };

export const auditEntry = {
  timestamp: at,
  operation: 'KILL_AGENT',
  phase: 'settled',
  operationId,
  requestId: '0193525c-6b00-7c3e-a3a1-000000000001',
  actor: 'alice',
  source: '203.0.113.7',
  reason: 'it deletes branches',
  agentId: 'a1',
  taskId: 't1',
  statusBefore: 'running',
  outcomes,
};

export const auditPage = { entries: [auditEntry], cursor: '1042' };

export const readiness = {
  status: 'ready',
  ports: [
    { name: 'store', ok: true },
    { name: 'docker', ok: true },
  ],
};
