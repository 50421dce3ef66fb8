import { describe, expect, it } from 'vitest';
import { adoptFinding } from '../../../lib/discovery/adopt-found.js';
import { actorWith } from '../../fakes/authenticator.js';
import { fakeCore } from '../../fakes/core.js';
import { bury, claude } from './findings.helper.js';

describe('a finding that is to be an agent', () => {
  it('gets a record that names its process, so that another one under its PID is never taken for it', async () => {
    const bed = fakeCore();
    const finding = claude(42, { agentId: 'claude-s1', bootId: 'b1', worktree: '/w/a', repository: '/r' });
    const adoption = await adoptFinding(bed.core, finding);
    expect(adoption).toMatchObject({ outcome: 'adopted', agentId: 'claude-s1' });
    expect(await bed.record('claude-s1')).toEqual({
      agentId: 'claude-s1',
      status: 'running',
      startedAt: '1970-01-01T00:00:42.000Z',
      host: 'h1',
      sandboxes: [{ kind: 'process', id: '42:4200' }],
      process: { pid: 42, startTime: '4200', bootId: 'b1' },
      labels: {},
      source: 'observed',
      detector: 'claude',
    });
    expect(bed.core.recordCache.get('claude-s1')).toMatchObject({ process: { bootId: 'b1' } });
    expect(bed.store.memory.audit).toContainEqual(
      expect.objectContaining({ operation: 'ADOPT_AGENT', agentId: 'claude-s1', actor: 'killswitch' }),
    );
  });

  it('is the same agent when it is adopted again, and by another process at the same moment', async () => {
    const bed = fakeCore();
    const both = await Promise.all([adoptFinding(bed.core, claude(42)), adoptFinding(bed.core, claude(42))]);
    expect(both.map(({ outcome }) => outcome).toSorted()).toEqual(['adopted', 'known']);
    const before = await bed.stored('claude-42-4200');
    expect(await adoptFinding(bed.core, claude(42))).toMatchObject({ outcome: 'known' });
    expect(await bed.stored('claude-42-4200')).toEqual(before);
  });

  it('names its worktree only where worktrees may be cleared', async () => {
    const bed = fakeCore({ worktreeRoots: ['/srv/worktrees'] });
    const at = (worktree: string) => ({ worktree, repository: '/srv/app' });
    await adoptFinding(bed.core, claude(42, at('/srv/worktrees/a')));
    expect(await bed.record('claude-42-4200')).toMatchObject({
      worktreePath: '/srv/worktrees/a',
      repository: '/srv/app',
    });
    await adoptFinding(bed.core, claude(43, at('/srv/worktrees-of-ann/a')));
    await adoptFinding(bed.core, claude(44, at('/srv/worktrees')));
    for (const id of ['claude-43-4300', 'claude-44-4400']) {
      expect(await bed.record(id)).not.toHaveProperty('worktreePath');
      expect(await bed.record(id)).not.toHaveProperty('repository');
    }
  });

  it('names its container where it is one', async () => {
    const bed = fakeCore();
    const id = 'c'.repeat(64);
    const { pid: _, ...container } = claude(1, { kind: 'docker', id, agentId: 'openhands-cccccccccccc' });
    await adoptFinding(bed.core, container);
    expect(await bed.record(container.agentId)).toMatchObject({ containerId: id });
    expect(await adoptFinding(bed.core, container)).toMatchObject({ outcome: 'known' });
  });

  it('is known by the ID that it carries, where it carries one', async () => {
    const bed = fakeCore();
    await adoptFinding(bed.core, claude(42, { agentId: 'a1', adopted: true }));
    expect(await bed.record('a1')).toMatchObject({ source: 'observed', detector: 'variable' });
  });

  it('is audited as the wish of the caller that asked for it', async () => {
    const bed = fakeCore();
    await adoptFinding(bed.core, claude(42), { actor: actorWith(), requestId: 'r1' });
    expect(bed.store.memory.audit).toContainEqual(
      expect.objectContaining({
        operation: 'ADOPT_AGENT',
        actor: actorWith().subject,
        requestId: 'r1',
        status: 'running',
      }),
    );
  });
});

describe('a finding under an ID that has a record', () => {
  it('is never an agent again under an ID that was killed, with a record or without', async () => {
    const bed = fakeCore();
    await bury(bed, 'claude-42-4200');
    const before = await bed.stored('claude-42-4200');
    expect(await adoptFinding(bed.core, claude(42))).toEqual({
      outcome: 'killed',
      agentId: 'claude-42-4200',
      why: 'it was killed under this ID, and never runs under it again',
    });
    expect(await bed.stored('claude-42-4200')).toEqual(before);
    bed.core.recentKills.add('claude-43-4300');
    expect(await adoptFinding(bed.core, claude(43))).toMatchObject({ outcome: 'killed' });
  });

  it('gets its record back when it had ended, with its new process and what was noted of it', async () => {
    const bed = fakeCore();
    const agentId = 'claude-s1';
    await adoptFinding(bed.core, claude(42, { agentId }));
    const { raw = '' } = (await bed.stored(agentId)) ?? {};
    const ended = JSON.stringify({ ...JSON.parse(raw), status: 'completed', labels: { team: 'core' } });
    const document = { kind: 'agent', id: agentId } as const;
    await bed.store.records.commit([{ document, expect: raw, next: ended, active: false, audit: [] }]);
    expect(await adoptFinding(bed.core, claude(50, { agentId }))).toMatchObject({ outcome: 'adopted' });
    expect(await bed.record(agentId)).toMatchObject({
      status: 'running',
      process: { pid: 50, startTime: '5000' },
      labels: { team: 'core' },
    });
  });

  it('gets its new process into its record when it was started again before its end was seen', async () => {
    const bed = fakeCore();
    const agentId = 'claude-s1';
    await adoptFinding(bed.core, claude(42, { agentId }));
    await adoptFinding(bed.core, claude(50, { agentId }));
    expect(await bed.record(agentId)).toMatchObject({ process: { pid: 50 } });
  });

  it('leaves the records of others as they are', async () => {
    const bed = fakeCore();
    await bed.agent('a1', { container: false, worktree: false });
    await bed.agent('a2', { container: false, worktree: false, status: 'completed' });
    await bed.agent('a3', {
      container: false,
      worktree: false,
      members: { source: 'observed', host: 'h2' },
    });
    const broken = { kind: 'agent', id: 'a4' } as const;
    await bed.store.records.commit([{ document: broken, expect: null, next: '?', audit: [] }]);
    const before = await Promise.all(['a1', 'a2', 'a3', 'a4'].map(bed.stored));
    const adopted = [];
    for (const agentId of ['a1', 'a2', 'a3', 'a4'])
      adopted.push(await adoptFinding(bed.core, claude(42, { agentId })));
    expect(adopted).toMatchObject([
      { outcome: 'known', agent: { agentId: 'a1' } },
      { outcome: 'refused', why: 'its record says that it has ended (completed)' },
      { outcome: 'known', agent: { host: 'h2' } },
      { outcome: 'refused', why: 'its record cannot be used: the record is not JSON' },
    ]);
    expect(await Promise.all(['a1', 'a2', 'a3', 'a4'].map(bed.stored))).toEqual(before);
  });
});
