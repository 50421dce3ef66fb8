import { describe, expect, it } from 'vitest';
import { adoptFinding } from '../../../lib/discovery/adopt-found.js';
import type { Finding } from '../../../lib/discovery/finding.js';
import { createNaming, type Naming } from '../../../lib/discovery/naming.js';
import { fakeCore } from '../../fakes/core.js';
import { bury, claude } from './findings.helper.js';

const namesOf = async (naming: Naming, ...findings: Finding[]): Promise<readonly string[]> =>
  (await naming.name(findings)).map(({ finding, state }) => `${finding.agentId} ${state}`);

describe('the IDs of findings', () => {
  it('are those that they have by themselves where there is no record of them', async () => {
    const { core } = fakeCore();
    const container = { ...claude(3), kind: 'docker', id: 'c'.repeat(64), agentId: 'openhands-c' } as const;
    const { pid: _, ...unpinned } = container;
    expect(
      await namesOf(createNaming(core), claude(1), claude(2, { agentId: 'claude-s' }), unpinned),
    ).toEqual(['claude-1-100 none', 'claude-s none', 'openhands-c none']);
  });

  it('stay those of their processes when a session shows late, or becomes another one', async () => {
    const { core } = fakeCore();
    const naming = createNaming(core);
    await adoptFinding(core, claude(42));
    const later = claude(42, { agentId: 'claude-s1' });
    expect(await namesOf(naming, later)).toEqual(['claude-42-4200 active']);
    await adoptFinding(core, claude(43, { agentId: 'claude-s2' }));
    expect(await namesOf(naming, claude(43, { agentId: 'claude-s2' }))).toEqual(['claude-s2 active']);
    expect(await namesOf(naming, claude(43, { agentId: 'claude-s3' }))).toEqual(['claude-s2 active']);
  });

  it('are the same ones for who has just been started', async () => {
    const bed = fakeCore();
    await adoptFinding(bed.core, claude(43, { agentId: 'claude-s2' }));
    await bed.agent('of-another-host', { members: { host: 'h2', process: { pid: 44, startTime: '4400' } } });
    await bed.agent('without-start', { container: false, members: { process: { pid: 45 } } });
    const broken = { kind: 'agent', id: 'broken' } as const;
    await bed.store.records.commit([{ document: broken, expect: null, next: '?', active: true, audit: [] }]);
    const found = [43, 44, 45].map(pid => claude(pid));
    expect(await namesOf(createNaming(bed.core), ...found)).toEqual([
      'claude-s2 active',
      'claude-44-4400 none',
      'claude-45-4500 none',
    ]);
  });

  it('are never given twice', async () => {
    const { core } = fakeCore();
    const naming = createNaming(core);
    await adoptFinding(core, claude(43, { agentId: 'claude-s1' }));
    await namesOf(naming, claude(43));
    // The first has turned to another session, and another process goes on with the one that it had.
    const others = [claude(43, { agentId: 'claude-s2' }), claude(44, { agentId: 'claude-s1' })];
    expect(await namesOf(naming, ...others)).toEqual(['claude-s1 active', 'claude-44-4400 none']);
  });

  it('are those of killed agents where these run again, or go on', async () => {
    const bed = fakeCore();
    await bury(bed, 'claude-s1');
    await bury(bed, 'claude-43-4300');
    bed.core.recentKills.add('claude-44-4400');
    const naming = createNaming(bed.core);
    const again = claude(42, { agentId: 'claude-s1' });
    expect(await namesOf(naming, again, claude(43, { agentId: 'claude-s9' }), claude(44))).toEqual([
      'claude-s1 killed',
      'claude-43-4300 killed',
      'claude-44-4400 killed',
    ]);
  });

  it('tell an agent that has ended from one whose record cannot be read', async () => {
    const bed = fakeCore();
    await bed.agent('claude-s1', { status: 'completed', container: false });
    const broken = { kind: 'agent', id: 'claude-s2' } as const;
    await bed.store.records.commit([{ document: broken, expect: null, next: '?', audit: [] }]);
    const found = [claude(42, { agentId: 'claude-s1' }), claude(43, { agentId: 'claude-s2' })];
    expect(await namesOf(createNaming(bed.core), ...found)).toEqual(['claude-s1 ended', 'claude-s2 active']);
  });

  it('are those of the last look while the store does not answer', async () => {
    const bed = fakeCore();
    const naming = createNaming(bed.core);
    await adoptFinding(bed.core, claude(43, { agentId: 'claude-s1' }));
    bed.core.recentKills.add('claude-44-4400');
    await namesOf(naming, claude(43, { agentId: 'claude-s1' }));
    for (const method of ['scan', 'agents', 'tombstoned'] as const) bed.store.faults.fail(method);
    expect(await namesOf(naming, claude(43, { agentId: 'claude-s2' }), claude(44), claude(45))).toEqual([
      'claude-s1 unknown',
      'claude-44-4400 killed',
      'claude-45-4500 unknown',
    ]);
  });

  it('are not made up where something else is wrong', async () => {
    const bed = fakeCore();
    const broken = {
      ...bed.core,
      records: { ...bed.core.records, agents: () => Promise.reject(new Error('x')) },
    };
    await expect(createNaming(broken).name([claude(1)])).rejects.toThrow('x');
  });
});
