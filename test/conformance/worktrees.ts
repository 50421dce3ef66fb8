import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LayerOutcome } from '../../lib/domain/outcome.js';
import type { Target } from '../../lib/ports/sandbox.js';
import type { Worktrees } from '../../lib/ports/worktrees.js';

/** Worktrees with the means to make and look at them, past what is under test. */
export interface WorktreesWorld {
  readonly worktrees: Worktrees;
  /** The same without any root. */
  readonly switchedOff: Worktrees;
  readonly root: string;
  /** A directory outside the root, where something stands. */
  readonly outside: string;
  /** Makes a worktree, as a true record of a new agent would describe it. */
  add(path: string): Promise<Pick<Target, 'repository' | 'worktreePath'>>;
  stands(path: string): Promise<boolean>;
  close(): Promise<void>;
}

/** What every {@link Worktrees} has to do. */
export function worktreesConformance(name: string, open: () => Promise<WorktreesWorld>): void {
  describe(`${name} clears worktrees`, () => {
    let world: WorktreesWorld;
    beforeAll(async () => {
      world = await open();
    });
    afterAll(() => world.close());

    const within = (): AbortSignal => AbortSignal.timeout(20_000);
    const clear = async (target: Target, worktrees = world.worktrees): Promise<LayerOutcome> => {
      const outcome = await worktrees.clear(target, within());
      expect(outcome.layer).toBe('worktree');
      expect(outcome.detail ?? '').not.toContain(world.root);
      return outcome;
    };
    const newAgent = async (): Promise<Target & { worktreePath: string }> => {
      const agentId = `agent-${randomUUID()}`;
      const worktreePath = `${world.root}/${agentId}`;
      return { agentId, operationId: randomUUID(), ...(await world.add(worktreePath)), worktreePath };
    };

    test('moves a worktree away and says where it is', async () => {
      const target = await newAgent();
      const outcome = await clear(target);
      expect(outcome).toMatchObject({ outcome: 'removed', quarantinePath: expect.any(String) });
      expect(outcome.quarantinePath).toContain(target.agentId);
      expect(outcome.quarantinePath).toContain(target.operationId);
      expect(await world.stands(target.worktreePath)).toBe(false);
    });

    test('finds it gone the second time, and still says where it is', async () => {
      const target = await newAgent();
      const { quarantinePath } = await clear(target);
      expect(await clear(target)).toMatchObject({ outcome: 'alreadyGone', quarantinePath });
    });

    test('leaves the next worktree at that path alone when the operation is tried again', async () => {
      const target = await newAgent();
      await clear(target);
      await world.add(target.worktreePath);
      expect(await clear(target)).toMatchObject({ outcome: 'alreadyGone' });
      expect(await world.stands(target.worktreePath)).toBe(true);
    });

    test('clears the next worktree at that path for another operation', async () => {
      const target = await newAgent();
      await clear(target);
      await world.add(target.worktreePath);
      expect(await clear({ ...target, operationId: randomUUID() })).toMatchObject({ outcome: 'removed' });
      expect(await world.stands(target.worktreePath)).toBe(false);
    });

    test('takes a worktree that never was for gone', async () => {
      const { agentId, operationId } = await newAgent();
      for (const worktreePath of [`${world.root}/none`, `${world.root}/no/such/parent`]) {
        const outcome = await clear({ agentId, operationId, worktreePath });
        expect(outcome.outcome).toBe('alreadyGone');
        expect(outcome.quarantinePath).toBeUndefined();
      }
    });

    test('clears a worktree of which no repository is recorded', async () => {
      const { agentId, operationId, worktreePath } = await newAgent();
      expect(await clear({ agentId, operationId, worktreePath })).toMatchObject({ outcome: 'removed' });
      expect(await world.stands(worktreePath)).toBe(false);
    });

    test('skips an agent without a worktree', async () => {
      expect(await clear({ agentId: 'a', operationId: 'o' })).toMatchObject({
        outcome: 'skipped',
        detail: 'no worktree recorded',
      });
    });

    test('leaves every worktree alone when switched off, and says which setting does that', async () => {
      const target = await newAgent();
      const outcome = await clear(target, world.switchedOff);
      expect(outcome).toMatchObject({ outcome: 'skipped', detail: expect.stringContaining('_ROOTS') });
      expect(await world.stands(target.worktreePath)).toBe(true);
    });

    test.each([
      ['outside the root', ({ outside }: WorktreesWorld) => outside],
      ['that is the root', ({ root }: WorktreesWorld) => root],
      ['that leaves the root by dots', ({ root, outside }: WorktreesWorld) => `${root}/..${outside}`],
      ['with a dot', ({ root }: WorktreesWorld) => `${root}/./a`],
      ['with an empty component', ({ root }: WorktreesWorld) => `${root}//a`],
      ['that only begins like the root', ({ root }: WorktreesWorld) => `${root}-other/a`],
      ['that is relative', () => 'a'],
      ['that is empty', () => ''],
    ])('refuses a path %s', async (_, pathIn) => {
      const target = await newAgent();
      const outcome = await clear({ ...target, worktreePath: pathIn(world) });
      expect(outcome).toMatchObject({ outcome: 'refused', detail: expect.any(String) });
      expect(await world.stands(world.outside)).toBe(true);
      expect(await world.stands(target.worktreePath)).toBe(true);
    });

    test('leaves a worktree that another record names, and says what is against it', async () => {
      const target = await newAgent();
      const against = { outcome: 'refused', detail: 'other records name it: b' } as const;
      const asked: unknown[] = [];
      const outcome = await world.worktrees.clear(target, within(), async places => {
        asked.push(...places);
        return against;
      });
      expect(outcome).toEqual({ layer: 'worktree', ...against });
      expect(asked).toEqual([{ root: world.root, path: target.worktreePath }]);
      expect(await world.stands(target.worktreePath)).toBe(true);
      expect(await world.worktrees.clear(target, within(), async () => undefined)).toMatchObject({
        outcome: 'removed',
        quarantinePath: expect.any(String),
      });
      expect(await world.stands(target.worktreePath)).toBe(false);
    });

    test('asks no record where nothing of the agent is left to move', async () => {
      const target = await newAgent();
      const claimed = async () => {
        throw new Error('asked');
      };
      const none = { ...target, worktreePath: `${world.root}/none` };
      expect(await world.worktrees.clear(none, within(), claimed)).toMatchObject({ outcome: 'alreadyGone' });
      await clear(target);
      await world.add(target.worktreePath);
      expect(await world.worktrees.clear(target, within(), claimed)).toMatchObject({
        outcome: 'alreadyGone',
      });
      const outside = { ...target, worktreePath: world.outside };
      expect(await world.worktrees.clear(outside, within(), claimed)).toMatchObject({ outcome: 'refused' });
    });

    test('does not move it when the deadline was over before the records answered', async () => {
      const target = await newAgent();
      const deadline = new AbortController();
      const outcome = await world.worktrees.clear(target, deadline.signal, async () => {
        deadline.abort();
        return undefined;
      });
      expect(outcome).toMatchObject({ layer: 'worktree', outcome: 'pending' });
      expect(await world.stands(target.worktreePath)).toBe(true);
    });

    test('moves it once when asked twice at the same time', async () => {
      const target = await newAgent();
      const outcomes = await Promise.all([clear(target), clear(target)]);
      expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['alreadyGone', 'removed']);
    });

    test('clears many at the same time', async () => {
      const targets = await Promise.all(Array.from({ length: 5 }, newAgent));
      const outcomes = await Promise.all(targets.map(target => clear(target)));
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(targets.map(() => 'removed'));
      expect(new Set(outcomes.map(({ quarantinePath }) => quarantinePath)).size).toBe(targets.length);
    });

    test('owes the worktree when the deadline is over, and clears it the next time', async () => {
      const target = await newAgent();
      const late = await world.worktrees.clear(target, AbortSignal.abort());
      expect(late).toMatchObject({ layer: 'worktree', outcome: 'pending' });
      expect(await world.stands(target.worktreePath)).toBe(true);
      expect(await clear(target)).toMatchObject({ outcome: 'removed' });
    });

    test('says that it works', async () => {
      expect(await world.worktrees.probe()).toMatchObject({ name: 'worktrees', ok: true });
    });
  });
}
