import { describe, expect, it } from 'vitest';
import { nextSteps, scanTable, unseenIn } from '../../functions/cli/scan-table.js';
import type { Finding } from '../../lib/discovery/finding.js';
import { openApp } from './bench.js';

const NOW = Date.UTC(2026, 10, 22, 12);
const finding = (more: Partial<Finding> = {}): Finding => ({
  ...{ detector: 'claude', kind: 'process', id: '4242:1', agentId: 'claude-s-1', pid: 4242 },
  ...{
    workingDirectory: '/srv/app',
    startedAt: '2026-11-22T11:58:30.000Z',
    evidence: ['executable /x/claude'],
  },
  ...{ adopted: false, tree: { processes: 7, memoryBytes: 734_003_200, cpuMs: 5 } },
  ...more,
});
const uuid = '0193525c-6b00-7c3e-a3a1-0000000000aa';

describe('the table of a scan', () => {
  it('fits a terminal of 80 columns, however long the IDs and paths are', () => {
    const long = finding({
      agentId: `copilot-${uuid}`,
      workingDirectory: `/srv/${'worktrees/'.repeat(20)}end`,
    });
    const lines = scanTable([long, finding()], false, NOW).split('\n');
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(80);
    expect(lines[1]).toMatch(/^copilot-0193525c-6b00-7\S*… {2}4242 {2}7 {6}700 MB {2}90 s {2}….*end$/);
  });

  it('shows all of it on a wide one, with what each was known by', () => {
    const long = finding({ agentId: `copilot-${uuid}`, untested: true });
    expect(scanTable([long], true, NOW)).toContain(`copilot-${uuid}`);
    expect(scanTable([long], true, NOW)).toContain('executable /x/claude; never tried on the tool itself');
  });

  it('makes what an agent may have written printable', () => {
    expect(scanTable([finding({ workingDirectory: '/a\u001b[2J\u202eb' })], false, NOW)).toContain(
      '/a\\u001b[2J\\u202eb',
    );
  });

  it('shows a container by its ID, and how old a finding is in the unit that fits', () => {
    const container = finding({ kind: 'docker', id: 'c'.repeat(64), startedAt: '2026-11-22T02:00:00.000Z' });
    expect(scanTable([container], false, NOW)).toMatch(/cccccccccccc {2}- +- +10 h/);
    const days = finding({
      startedAt: '2026-11-12T12:00:00.000Z',
      tree: { processes: 1, memoryBytes: 2_500_000, cpuMs: 0 },
    });
    expect(scanTable([days], false, NOW)).toMatch(/2\.4 MB +10 d/);
    const { startedAt: _, ...ageless } = finding({ tree: { processes: 1, memoryBytes: 0, cpuMs: 0 } });
    expect(scanTable([ageless], false, NOW)).toMatch(/0 B +- /);
    expect(scanTable([finding({ startedAt: '2026-11-22T11:30:00.000Z' })], false, NOW)).toContain('30 min');
  });

  it('says that nothing was found', () => {
    expect(scanTable([], false)).toBe('No agents found.');
    expect(nextSteps({ findings: [], unread: 0, blind: [] })).toEqual([]);
  });

  it('ends by what to type next, and what is to be known first', () => {
    const findings = [
      finding({ untested: true, detector: 'aider', sharedWith: ['a2'] }),
      finding({ adopted: true }),
    ];
    expect(nextSteps({ findings, unread: 0, blind: [] }).slice(0, 2)).toEqual([
      'Never tried on the tool itself: the detector of aider.',
      'claude-s-1 shares a process with a2.',
    ]);
    expect(nextSteps({ findings, unread: 0, blind: [] }).join('\n')).toContain('killswitch kill-all --found');
  });

  it('says what this user could not see', () => {
    expect(unseenIn({ findings: [], unread: 1, blind: ['they are hidden'] })).toEqual([
      '1 process may not be read by this user: agents among them are not shown.',
      'they are hidden.',
    ]);
    expect(unseenIn({ findings: [], unread: 2, blind: [] })[0]).toMatch(/^2 processes /);
  });
});

describe('GET /scan', () => {
  it('answers what is found', async () => {
    const { send } = openApp({ scan: async () => ({ findings: [finding()], unread: 3, blind: [] }) });
    const { status, json } = await send('GET /scan', { token: 'reader' });
    expect([status, json]).toEqual([200, { findings: [finding()], unread: 3, blind: [] }]);
  });

  it('needs the scope to read agents', async () => {
    const { send } = openApp();
    expect((await send('GET /scan', { token: 'killer' })).status).toBe(403);
    expect((await send('GET /scan', { token: null })).status).toBe(401);
  });
});
