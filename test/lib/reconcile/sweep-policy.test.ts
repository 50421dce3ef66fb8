import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ProcessInfo } from '../../../lib/ports/process-table.js';
import type { SweepSources } from '../../../lib/reconcile/sweep.js';
import { createSweepPolicy, type SweepMode } from '../../../lib/reconcile/sweep-policy.js';
import { fakeCore } from '../../fakes/core.js';
import { listing, process, VARIABLE } from '../discovery/table.helper.js';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const left = process({
  pid: 50,
  environment: { CLAUDECODE: '1', CLAUDE_PID: '10', CLAUDE_CODE_SESSION_ID: 's' },
});
const active = process({ pid: 60, environment: { [VARIABLE]: 'a1' } });

function openPolicy(mode: SweepMode, first: readonly ProcessInfo[] = [left, active]) {
  const bed = fakeCore();
  const host = { processes: first, error: undefined as Error | undefined, looks: 0 };
  const sources: SweepSources = {
    table: {
      async list() {
        host.looks += 1;
        if (host.error) throw host.error;
        return listing(host.processes);
      },
    },
    files: { text: async () => undefined, names: async () => [] },
    ender: {
      async end(pins) {
        host.processes = host.processes.filter(({ pid }) => !pins.some(pin => pin.pid === pid));
        return pins.map(({ pid, startTime }) => ({ pid, startTime, outcome: 'dead' }));
      },
    },
    agentVariable: VARIABLE,
    recordsOf: async () => new Map([['a1', { status: 'running', main: { pid: 40, startTime: '4000' } }]]),
    now: () => 10_000_000,
  };
  const policy = createSweepPolicy(bed.core, sources, mode);
  const lines = () => bed.log.lines.filter(({ level }) => level !== 'info').map(({ message }) => message);
  return { ...bed, host, policy, lines, passMinute: () => vi.advanceTimersByTimeAsync(80_000) };
}

it('tells once what ended agents left, and ends nothing, where it only observes', async () => {
  const { policy, host, lines, passMinute } = openPolicy('observe');
  expect(policy.orphans()).toBeUndefined();
  policy.start();
  await passMinute();
  expect(host.looks).toBeGreaterThan(1);
  expect(policy.orphans()).toEqual({ processes: 2, memoryBytes: 2_000_000 });
  expect(lines()).toEqual(['ended agents left processes behind']);
  expect(host.processes).toHaveLength(2);
  await policy.close();
  const { looks } = host;
  await passMinute();
  expect(host.looks).toBe(looks);
});

it('ends it in its own name where it may, but for what a record calls active', async () => {
  const { policy, host, store } = openPolicy('enforce');
  policy.start();
  await policy.close();
  expect(host.processes).toEqual([active]);
  expect(policy.orphans()).toEqual({ processes: 1, memoryBytes: 1_000_000 });
  expect(store.memory.audit).toMatchObject([
    { operation: 'SWEEP', actor: 'policy:sweep', agentId: 'claude-s', phase: 'settled' },
  ]);
});

it('goes on after a look that failed', async () => {
  const { policy, host, lines, passMinute } = openPolicy('enforce', []);
  host.error = new Error('no table');
  policy.start();
  await passMinute();
  expect(policy.orphans()).toBeUndefined();
  host.error = undefined;
  await passMinute();
  expect(policy.orphans()).toEqual({ processes: 0, memoryBytes: 0 });
  expect(new Set(lines())).toEqual(new Set(['what ended agents left could not be looked for']));
  await policy.close();
});

it('says nothing more of a store that is down than others do', async () => {
  const { policy, store, lines } = openPolicy('enforce', [left]);
  store.faults.fail('append');
  policy.start();
  await policy.close();
  expect(lines()).not.toContain('what ended agents left could not be looked for');
});
