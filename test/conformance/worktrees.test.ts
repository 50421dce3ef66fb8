import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openWorktrees } from '../../lib/adapters/worktree/index.js';
import type { Clock, Log } from '../../lib/ports/runtime.js';
import { fakeWorktrees } from '../fakes/worktrees.js';
import { git, makeRepository, temporaryDirectory } from '../services/agents.js';
import { type WorktreesWorld, worktreesConformance } from './worktrees.js';

const log: Log = { warn: () => undefined, error: () => undefined, info: () => undefined };
const clock: Clock = { now: Date.now, monotonic: () => performance.now() };

async function openReal(platform: NodeJS.Platform): Promise<WorktreesWorld> {
  const directory = temporaryDirectory();
  const [root, outside] = [join(directory, 'worktrees'), join(directory, 'outside')];
  for (const each of [root, outside]) mkdirSync(each);
  writeFileSync(join(outside, 'file'), 'x');
  const repository = await makeRepository(join(directory, 'repository'));
  const worktrees = openWorktrees({ roots: [root], ttlMs: 60_000, platform, clock, log });
  const switchedOff = openWorktrees({ roots: [], ttlMs: 60_000, platform, clock, log });
  // git takes a lock for each new worktree.
  let last: Promise<unknown> = Promise.resolve();
  return {
    worktrees,
    switchedOff,
    root,
    outside,
    add: async path => {
      last = last.then(() => git(repository, 'worktree', 'add', '--quiet', '--detach', path));
      await last;
      return { repository, worktreePath: path };
    },
    stands: async path => existsSync(path),
    close: async () => {
      await Promise.all([worktrees.close(), switchedOff.close()]);
    },
  };
}

worktreesConformance('The worktree adapter', () => openReal('linux'));
worktreesConformance('The portable mode of the worktree adapter', () => openReal('darwin'));

worktreesConformance('The fake', async () => {
  const { worktrees, standing } = fakeWorktrees({ root: '/worktrees' });
  standing.add('/outside');
  return {
    worktrees,
    switchedOff: fakeWorktrees({ root: null }).worktrees,
    root: '/worktrees',
    outside: '/outside',
    add: async path => {
      standing.add(path);
      return { repository: '/repository', worktreePath: path };
    },
    stands: async path => standing.has(path),
    close: async () => undefined,
  };
});

describe('the faults of the fake', () => {
  const target = { agentId: 'a', operationId: 'o', worktreePath: '/worktrees/a' };
  const open = () => {
    const fake = fakeWorktrees();
    fake.standing.add(target.worktreePath);
    return { ...fake, clear: () => fake.worktrees.clear(target, AbortSignal.timeout(20_000)) };
  };

  it('throw, having done nothing', async () => {
    const { clear, faults, standing } = open();
    faults.fail('clear', { error: new Error('broken'), times: 1 });
    await expect(clear()).rejects.toThrow('broken');
    expect(standing).toContain(target.worktreePath);
    expect(await clear()).toMatchObject({ outcome: 'removed' });
  });

  it('hang, having done nothing', async () => {
    const { clear, faults, standing } = open();
    faults.hang('clear', { times: 1 });
    const hanging = clear();
    expect(await Promise.race([hanging, Promise.resolve('hangs')])).toBe('hangs');
    expect(standing).toContain(target.worktreePath);
  });

  it('come late', async () => {
    const { clear, faults, standing } = open();
    let release = () => {};
    const gate = new Promise<void>(resolve => {
      release = resolve;
    });
    faults.late('clear', gate);
    const late = clear();
    expect(standing).toContain(target.worktreePath);
    release();
    expect(await late).toMatchObject({ outcome: 'removed' });
  });

  it('find it already gone, and lie', async () => {
    const { clear, faults, standing, calls } = open();
    faults.lie('clear', () => ({ layer: 'worktree', outcome: 'alreadyGone' }), { times: 1 });
    expect(await clear()).toEqual({ layer: 'worktree', outcome: 'alreadyGone' });
    faults.lie('clear', () => ({ layer: 'worktree', outcome: 'removed' }));
    expect(await clear()).toEqual({ layer: 'worktree', outcome: 'removed' });
    expect(standing).toContain(target.worktreePath);
    expect(calls).toEqual([target, target]);
  });
});
