import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { adoptFinding } from '../../../lib/discovery/adopt-found.js';
import type { Finding } from '../../../lib/discovery/finding.js';
import { createFoundScanner, type FoundScannerParts } from '../../../lib/discovery/found-scanner.js';
import type { Scanner } from '../../../lib/ports/scanner.js';
import { createReconcile } from '../../../lib/reconcile/reconcile.js';
import { createInFlight } from '../../../lib/stop/in-flight.js';
import { createStop } from '../../../lib/stop/stop.js';
import { type FakeCore, fakeCore, startOn } from '../../fakes/core.js';
import { bury, claude } from './findings.helper.js';

interface Host {
  readonly bed: FakeCore;
  readonly scanner: Scanner;
  /** What runs there; may be changed. */
  findings: readonly Finding[];
  looks: number;
  uncertain: ReadonlySet<string>;
  /** Agents that were given a cgroup, with the PIDs that were moved. */
  readonly enclosed: string[];
}

/** A host where detectors find these. */
function hostOf(
  findings: readonly Finding[],
  wanted: readonly string[] = ['claude'],
  missing?: string,
): Host {
  const scanners: Scanner[] = [];
  const bed = fakeCore({ scanners });
  const host: Host = {
    bed,
    findings,
    looks: 0,
    uncertain: new Set(),
    enclosed: [],
    get scanner() {
      return scanner;
    },
  };
  const parts: FoundScannerParts = {
    wanted: new Set(wanted),
    async look() {
      host.looks++;
      return {
        scan: { findings: host.findings, unread: 0, blind: [] },
        membersOf: ({ pid = 0 }) => [{ pid, startTime: '1' }],
        isUncertain: ({ id }) => host.uncertain.has(id),
      };
    },
    enclosures: {
      async enclose(agentId, members) {
        host.enclosed.push(`${agentId} ${members.map(({ pid }) => pid).join(' ')}`);
        if (missing === 'thrown') throw new Error(missing);
        if (missing !== undefined) return { enclosed: false, why: missing };
        return {
          enclosed: true,
          place: `/killswitch/${agentId}`,
          moved: 1,
          outside: agentId.endsWith('s2') ? [7] : [],
        };
      },
    } as FoundScannerParts['enclosures'] & object,
  };
  const scanner = createFoundScanner(bed.core, parts);
  scanners.push(bed.containers, bed.processes, scanner);
  return host;
}

describe('agents that carry no ID, where their detector is wanted', () => {
  it('become agents and get a cgroup of their own at first sight, and only once', async () => {
    const host = hostOf([claude(42, { agentId: 'claude-s1' }), claude(43, { agentId: 'claude-s2' })]);
    await startOn(host.bed.core);
    await host.scanner.scan();
    expect(await host.bed.record('claude-s1')).toMatchObject({
      source: 'observed',
      detector: 'claude',
      cgroup: { path: '/killswitch/claude-s1' },
    });
    expect(await host.bed.record('claude-s2')).toMatchObject({ cgroup: { outside: 1 } });
    expect(host.enclosed).toEqual(['claude-s1 42', 'claude-s2 43']);
  });

  it('are told apart from those of which the record says why they have no cgroup', async () => {
    const host = hostOf([claude(42)], ['claude'], 'run as root');
    await host.scanner.scan();
    expect(await host.bed.record('claude-42-4200')).toMatchObject({ cgroup: { missing: 'run as root' } });
    const other = hostOf([claude(42)], ['claude'], 'thrown');
    await other.scanner.scan();
    expect(await other.bed.record('claude-42-4200')).not.toHaveProperty('cgroup');
  });

  it('are the same agents to a node that is started again', async () => {
    const host = hostOf([claude(42)]);
    await host.scanner.scan();
    const before = await host.bed.stored('claude-42-4200');
    const again = createFoundScanner(host.bed.core, {
      wanted: new Set(['claude']),
      look: async () => ({
        scan: { findings: [claude(42, { agentId: 'claude-s1' })], unread: 0, blind: [] },
        membersOf: () => [],
        isUncertain: () => false,
      }),
    });
    expect((await again.scan()).seen.map(({ agentId }) => agentId)).toEqual(['claude-42-4200']);
    expect(await host.bed.stored('claude-42-4200')).toEqual(before);
  });

  it('are left alone where they may be those of a container that cannot be looked at', async () => {
    const host = hostOf([claude(42)]);
    host.uncertain = new Set(['42:4200']);
    expect(await host.scanner.scan()).toEqual({ seen: [] });
    expect(await host.bed.stored('claude-42-4200')).toBeUndefined();
  });

  it('are seen while the store does not answer, and get their records later', async () => {
    const host = hostOf([claude(42)]);
    for (const method of ['scan', 'agents', 'tombstoned'] as const)
      host.bed.store.faults.fail(method, { times: 2 });
    expect((await host.scanner.scan()).seen).toMatchObject([
      { agentId: 'claude-42-4200', detector: 'claude' },
    ]);
    for (const method of ['scan', 'agents', 'tombstoned'] as const)
      host.bed.store.faults.fail(method, { times: 0 });
    await vi.waitFor(async () => {
      await host.scanner.scan();
      expect(await host.bed.record('claude-42-4200')).toMatchObject({ status: 'running' });
    });
  });

  it('are completed when they have ended', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const host = hostOf([claude(42)]);
    const inFlight = createInFlight(host.bed.core);
    const reconcile = createReconcile(host.bed.core, inFlight, createStop(host.bed.core, inFlight));
    onTestFinished(() => reconcile.close());
    await reconcile.start();
    expect(await host.bed.record('claude-42-4200')).toMatchObject({ status: 'running' });
    host.findings = [];
    await vi.advanceTimersByTimeAsync(6_000);
    await vi.waitFor(async () =>
      expect(await host.bed.record('claude-42-4200')).toMatchObject({ status: 'completed' }),
    );
  });
});

describe('agents that carry no ID, where their detector is not wanted', () => {
  it('are seen only where they have a record', async () => {
    const host = hostOf([claude(42), claude(43), claude(44, { adopted: true, agentId: 'a1' })], []);
    await adoptFinding(host.bed.core, claude(43));
    const { seen } = await host.scanner.scan({ routine: true });
    expect(seen).toEqual([
      { agentId: 'claude-43-4300', kind: 'process', id: '43:4300', detector: 'claude', startedAt: 43_000 },
    ]);
    // An order is given to all records anyway.
    const { looks } = host;
    await host.scanner.scan();
    expect(host.looks).toBe(looks);
  });

  it('are not seen where their record says that they have ended, or that it is not theirs', async () => {
    const host = hostOf([claude(42), claude(43)], ['claude']);
    await host.bed.agent('claude-42-4200', { status: 'completed', container: false });
    const { startedAt: _, ...undated } = claude(43);
    host.findings = [claude(42), undated];
    const { seen } = await host.scanner.scan();
    expect(seen).toEqual([{ agentId: 'claude-43-4300', kind: 'process', id: '43:4300', detector: 'claude' }]);
  });
});

describe('a killed agent that carries no ID', () => {
  it('is stopped again when it runs again, with the process that it has now', async () => {
    const host = hostOf([claude(50, { agentId: 'claude-s1' })], []);
    await bury(host.bed, 'claude-s1');
    const asked: unknown[] = [];
    const kill = host.bed.processes.kill;
    vi.spyOn(host.bed.processes, 'kill').mockImplementation((target, options) => {
      asked.push(target.id, target.sandboxes);
      return kill(target, options);
    });
    await startOn(host.bed.core);
    expect(asked).toEqual(['50:5000', [{ kind: 'process', id: '50:5000' }]]);
    expect(await host.bed.record('claude-s1')).toMatchObject({ status: 'killed' });
  });
});

describe('a look for agents that carry no ID', () => {
  it('is put off while looks take too long, and never where an order is carried out', async () => {
    const host = hostOf([claude(42)]);
    const { scanner, bed } = host;
    const look = scanner.scan({ routine: true });
    bed.clock.advance(100);
    await look;
    await scanner.scan({ routine: true });
    expect(host.looks).toBe(1);
    await scanner.scan();
    expect(host.looks).toBe(2);
  });

  it('says so where it fails, and reports no starts', async () => {
    const bed = fakeCore();
    const scanner = createFoundScanner(bed.core, {
      wanted: new Set(['claude']),
      look: () => Promise.reject(new Error('no /proc')),
    });
    expect(await scanner.scan()).toEqual({ seen: [], blind: 'agents without an ID cannot be looked for' });
    expect(scanner.watch(() => undefined)()).toBeUndefined();
  });
});
