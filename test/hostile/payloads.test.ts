import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openWorld } from '../integration/world.js';
import { git, temporaryDirectory } from '../services/agents.js';
import { makeMark, type Payload, payloads } from './payloads.helper.js';

async function openScene(armed: readonly Payload[], environment: Record<string, string> = {}) {
  const world = await openWorld('sqlite', { KILLSWITCH_SANDBOX: 'process', ...environment });
  const agent = await world.processAgent({ worktree: true });
  const worktree = agent.worktreePath ?? '';
  const mark = makeMark(temporaryDirectory());
  for (const { arm } of armed) {
    await arm({ repository: world.repository, worktree, program: mark.program });
  }
  return { world, agent, worktree, mark };
}

describe.each(payloads)('$name', payload => {
  it('runs when plain git is used in the worktree, and does not when its agent is killed', async () => {
    const { world, agent, worktree, mark } = await openScene([payload]);
    await git(worktree, ...payload.provoke).catch(() => undefined);
    expect(mark.isThere()).toBe(true);
    mark.wipe();
    const { status, body } = await world.request('POST', `/agents/${agent.agentId}/kill`);
    expect({ status, pending: body.pending }).toEqual({ status: 200, pending: [] });
    expect([agent.tree.pids(), existsSync(worktree), mark.isThere()]).toEqual([[], false, false]);
  });
});

it('runs nothing of all of them together, and keeps what is cleared away where the time to live is 0', async () => {
  const { world, agent, worktree, mark } = await openScene(payloads, { KILLSWITCH_QUARANTINE_TTL: '0' });
  mark.wipe();
  expect((await world.request('POST', `/agents/${agent.agentId}/kill`)).status).toBe(200);
  await world.close();
  expect([existsSync(worktree), mark.isThere()]).toEqual([false, false]);
  const [entry = ''] = readdirSync(join(dirname(worktree), '.killswitch-quarantine'));
  const kept = join(dirname(worktree), '.killswitch-quarantine', entry, 'worktree', 'README.md');
  expect(existsSync(kept)).toBe(true);
});
