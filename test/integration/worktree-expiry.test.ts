import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addWorktree, git, makeRepository } from '../services/agents.js';
import { makeWorld } from './worktree-world.js';

const DAY = 24 * 60 * 60 * 1000;

describe('what lies in the quarantine', () => {
  it('is kept until its time is over, and deleted then, also by another process', async () => {
    const { clear, reopen, time, expectVictimUntouched } = await makeWorld();
    const { quarantinePath = '' } = await clear();
    time.now += 59_999;
    expect(await reopen().expire()).toBe(0);
    expect(existsSync(join(quarantinePath, 'worktree'))).toBe(true);
    time.now += 1;
    expect(await reopen().expire()).toBe(1);
    expect(readdirSync(quarantinePath)).toEqual(['manifest.json']);
    expect(await reopen().expire()).toBe(0);
    await expectVictimUntouched();
  });

  it('leaves a note for a day, so that a late retry takes no other agent’s worktree', async () => {
    const { clear, repository, root, target, time, worktrees } = await makeWorld();
    await clear();
    time.now += 60_000;
    await worktrees.expire();
    await git(repository, 'worktree', 'add', '--quiet', target.worktreePath, 'a');
    expect(await clear()).toEqual({ layer: 'worktree', outcome: 'alreadyGone' });
    expect(await git(target.worktreePath, 'status', '--porcelain')).toBe('');
    time.now += DAY;
    await worktrees.expire();
    expect(existsSync(join(root, '.killswitch-quarantine'))).toBe(false);
  });

  it('is never deleted when it shall be kept for ever', async () => {
    const { clear, time, worktrees } = await makeWorld({ ttlMs: Number.POSITIVE_INFINITY });
    const { quarantinePath = '' } = await clear();
    time.now += 3_650 * DAY;
    expect(await worktrees.expire()).toBe(0);
    expect(await clear()).toMatchObject({ outcome: 'alreadyGone', quarantinePath });
  });

  it('is found wherever below the root it is, also inside a repository', async () => {
    const { clear, root, time, worktrees } = await makeWorld();
    const repository = await makeRepository(join(root, 'main'));
    const worktreePath = await addWorktree(repository, join(repository, '.trees', 'new\nline', 'b'), 'b');
    const { quarantinePath = '' } = await clear({ repository, worktreePath });
    appendFileSync(join(root, '.killswitch-quarantines'), '["cut off, as by a cra');
    const second = await clear();
    time.now += 60_000;
    expect(await worktrees.expire()).toBe(2);
    for (const entry of [quarantinePath, second.quarantinePath ?? '']) {
      expect(readdirSync(entry)).toEqual(['manifest.json']);
    }
  });

  it('is counted from its last change where a crash left no manifest', async () => {
    const { clear, time, worktrees } = await makeWorld();
    const { quarantinePath = '' } = await clear();
    rmSync(join(quarantinePath, 'manifest.json'));
    time.now = statSync(quarantinePath).ctimeMs + 59_000;
    expect(await worktrees.expire()).toBe(0);
    time.now += 1_001;
    expect(await worktrees.expire()).toBe(1);
    expect(existsSync(quarantinePath)).toBe(false);
  });

  it('is not touched where a manifest, an entry or a quarantine is not ours', async () => {
    const { clear, logged, time, worktrees } = await makeWorld();
    const { quarantinePath = '' } = await clear();
    const manifest = join(quarantinePath, 'manifest.json');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/("expiresAt": ")\d{4}/, '$11970'));
    chownSync(manifest, 65_534, 65_534);
    time.now = statSync(quarantinePath).ctimeMs + 59_000;
    expect(await worktrees.expire()).toBe(0);
    time.now += DAY;
    for (const path of [quarantinePath, join(quarantinePath, '..')]) {
      chownSync(path, 65_534, 65_534);
      expect(await worktrees.expire()).toBe(0);
      chownSync(path, process.getuid?.() ?? 0, 0);
    }
    expect(logged).toHaveLength(2);
    expect(existsSync(join(quarantinePath, 'worktree', 'README.md'))).toBe(true);
  });

  it('is not looked for through links', async () => {
    const { clear, root, time, worktrees, victim, expectVictimUntouched } = await makeWorld();
    const { quarantinePath = '' } = await clear();
    const moved = join(root, '..', 'moved');
    renameSync(join(quarantinePath, '..'), moved);
    symlinkSync(moved, join(quarantinePath, '..'));
    time.now += DAY;
    expect(await worktrees.expire()).toBe(0);
    expect(existsSync(join(moved, 'agent-1~op-1', 'worktree', 'README.md'))).toBe(true);

    rmSync(join(root, '.killswitch-quarantine'));
    renameSync(moved, join(root, '.killswitch-quarantine'));
    const fake = join(root, '.killswitch-quarantine', 'agent-2~op-2');
    symlinkSync(victim, fake);
    expect(await worktrees.expire()).toBe(1);
    await expectVictimUntouched();
  });

  it('does not lead out of itself by links inside', async () => {
    const { clear, target, time, victim, worktrees, expectVictimUntouched } = await makeWorld();
    symlinkSync(victim, join(target.worktreePath, 'link'));
    await clear();
    time.now += 60_000;
    expect(await worktrees.expire()).toBe(1);
    await expectVictimUntouched();
  });

  it('is kept with its files whatever the list of quarantines was made into', async () => {
    const { clear, reopen, root, time, victim, expectVictimUntouched } = await makeWorld();
    const list = join(root, '.killswitch-quarantines');
    symlinkSync(join(victim, 'work.txt'), list);
    expect(await clear()).toMatchObject({ outcome: 'removed' });
    await expectVictimUntouched();
    rmSync(list);
    const outside = join(root, '..', '.killswitch-quarantine', 'agent-1~op-1', 'worktree');
    mkdirSync(outside, { recursive: true });
    writeFileSync(list, '[".."]\n["victim",".."]\n[{}]\n[]\nnull\n["a/b"]\n');
    time.now += 120_000;
    expect(await reopen().expire()).toBe(1);
    expect(existsSync(outside)).toBe(true);
    await expectVictimUntouched();
  });

  it('is forgotten when many directories are gone that once held some', async () => {
    const { clear, root, time, worktrees } = await makeWorld();
    await clear();
    const list = join(root, '.killswitch-quarantines');
    appendFileSync(list, Array.from({ length: 1_500 }, (_, n) => `["task-${n}"]\n`).join(''));
    expect(await worktrees.expire()).toBe(0);
    expect(statSync(list).size).toBe('[]\n'.length);
    time.now += 60_000;
    expect(await worktrees.expire()).toBe(1);
  });

  it('includes the administrative directory in a repository on another filesystem', async () => {
    const { clear, root, time, worktrees } = await makeWorld();
    const elsewhere = mkdtempSync('/dev/shm/worktree-test-');
    onTestFinished(() => rmSync(elsewhere, { recursive: true }));
    expect(statSync(elsewhere).dev).not.toBe(statSync(root).dev);
    const repository = await makeRepository(join(elsewhere, 'repository'));
    const worktreePath = await addWorktree(repository, join(root, 'b'), 'b');

    expect(await clear({ repository, worktreePath })).toMatchObject({ outcome: 'removed' });
    const kept = join(repository, '.git', 'killswitch-quarantine', 'agent-1~op-1', 'admin');
    expect(existsSync(join(kept, 'HEAD'))).toBe(true);
    expect(await git(repository, 'worktree', 'list')).toMatch(/^[^\n]*\[main\]\n$/);
    time.now += 60_000;
    expect(await worktrees.expire()).toBe(1);
    expect(existsSync(join(repository, '.git', 'killswitch-quarantine'))).toBe(false);
  });

  it('stays when the adapter is closed meanwhile, for the next run to go on', async () => {
    const { clear, reopen, time, worktrees } = await makeWorld();
    await clear();
    time.now += 60_000;
    const sweep = worktrees.expire();
    await worktrees.close();
    expect(await sweep).toBe(0);
    expect(await reopen().expire()).toBe(1);
  });

  it('may be missing altogether', async () => {
    const { clear, root, time, worktrees, logged } = await makeWorld();
    const { quarantinePath = '' } = await clear();
    rmSync(join(quarantinePath, '..'), { recursive: true });
    time.now += 60_000;
    expect(await worktrees.expire()).toBe(0);
    mkdirSync(join(root, '.killswitch-quarantine'));
    expect(await worktrees.expire()).toBe(0);
    rmdirSync(join(root, '.killswitch-quarantine'));
    expect(logged).toEqual([]);
  });
});
