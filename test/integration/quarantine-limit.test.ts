import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openWorktrees } from '../../lib/adapters/worktree/index.js';
import { addWorktree } from '../services/agents.js';
import { makeQuarantineWorld } from './quarantine-world.js';

const MIB = 1 << 20;

/** Three agents, each with a mebibyte of work, cleared one after the other. */
async function open(options: Partial<Parameters<typeof openWorktrees>[0]>) {
  const world = await makeQuarantineWorld();
  const note = (entry: object): void => void world.logged.push(entry);
  const worktrees = openWorktrees({
    roots: [world.root],
    ttlMs: 1e12,
    evidenceDirectory: join(world.state, 'evidence'),
    clock: { now: () => world.time.now, monotonic: () => performance.now() },
    log: { warn: note, error: note, info: () => undefined },
    ...options,
  });
  onTestFinished(() => worktrees.close());
  const agents = ['one', 'two', 'three'];
  for (const agentId of agents) {
    const worktreePath = await addWorktree(world.repository, join(world.root, agentId), agentId);
    writeFileSync(join(worktreePath, 'work'), Buffer.alloc(MIB, 'x'));
    const target = { agentId, operationId: 'op', repository: world.repository, worktreePath };
    await worktrees.clear(target, AbortSignal.timeout(20_000));
    world.time.now += 1_000;
  }
  const isLeft = (agentId: string): boolean =>
    existsSync(join(world.root, '.killswitch-quarantine', `${agentId}~op`, 'worktree'));
  return { ...world, worktrees, left: () => agents.filter(isLeft) };
}

describe('a quarantine that may take so much of the disk', () => {
  it('loses the oldest until the rest fits', async () => {
    const { worktrees, left, expectVictimUntouched } = await open({ maxBytes: 2.5 * MIB });
    expect(await worktrees.expire()).toBe(1);
    expect(left()).toEqual(['two', 'three']);
    expect(await worktrees.expire()).toBe(0);
    await expectVictimUntouched();
  });

  it('loses nothing while it fits, or has no bound', async () => {
    for (const options of [{ maxBytes: 4 * MIB }, {}]) {
      const { worktrees, left } = await open(options);
      expect(await worktrees.expire()).toBe(0);
      expect(left()).toEqual(['one', 'two', 'three']);
    }
  });

  it('keeps what is of a kill that is not confirmed, and says that it holds too much', async () => {
    const open1 = await open({ maxBytes: 1.5 * MIB, isConfirmed: async agentId => agentId !== 'one' });
    expect(await open1.worktrees.expire()).toBe(2);
    expect(open1.left()).toEqual(['one']);
    const none = await open({ maxBytes: MIB / 2, isConfirmed: async () => false });
    expect(await none.worktrees.expire()).toBe(0);
    expect(none.left()).toEqual(['one', 'two', 'three']);
    expect(none.logged).toContainEqual({ bytes: expect.any(Number), limit: MIB / 2 });
  });

  it('counts evidence that lies by itself', async () => {
    const { worktrees, left, state } = await open({ maxBytes: 4.5 * MIB });
    const loose = join(state, 'evidence', 'four~op');
    mkdirSync(loose, { recursive: true });
    writeFileSync(join(loose, 'container.log'), Buffer.alloc(2 * MIB, 'x'));
    expect(await worktrees.expire()).toBe(1);
    expect({ left: left(), loose: existsSync(loose) }).toEqual({ left: ['two', 'three'], loose: true });
  });
});

describe('the time of an entry', () => {
  it('does not end before its kill is confirmed', async () => {
    let confirmed = false;
    const { worktrees, left, time } = await open({ ttlMs: 60_000, isConfirmed: async () => confirmed });
    time.now += 120_000;
    expect(await worktrees.expire()).toBe(0);
    expect(left()).toEqual(['one', 'two', 'three']);
    confirmed = true;
    expect(await worktrees.expire()).toBe(3);
    expect(left()).toEqual([]);
  });
});
