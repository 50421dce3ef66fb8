import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openWorld } from '../integration/world.js';

const ALSO = 'other records name it, or a directory above or below it';

it('the worktree of an agent that works is left alone when another whose record names it is killed', async () => {
  const world = await openWorld('sqlite', { KILLSWITCH_SANDBOX: 'process', KILLSWITCH_QUARANTINE_TTL: '0' });
  const victim = await world.processAgent({ worktree: true });
  const worktree = victim.worktreePath ?? '';
  const other = await world.processAgent({
    repository: world.repository,
    worktreePath: worktree,
  });
  const { status, body } = await world.request('POST', `/agents/${other.agentId}/kill`);
  const detail = `${ALSO}: ${victim.agentId}; stop these agents, or correct the records`;
  expect(status).toBe(202);
  expect(body.outcomes).toContainEqual(
    expect.objectContaining({ layer: 'worktree', outcome: 'refused', detail }),
  );
  const audit = await world.request('GET', `/audit?agentId=${other.agentId}`);
  expect(JSON.stringify(audit.body)).toContain(detail);
  expect([victim.tree.pids().length > 0, existsSync(worktree)]).toEqual([true, true]);
  // Killed itself, it leaves its worktree to both.
  await world.request('POST', `/agents/${victim.agentId}/kill`);
  await expect.poll(() => existsSync(worktree), { timeout: 20_000 }).toBe(false);
});
