import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keptRef } from '../../lib/adapters/worktree/refs.js';
import { AGENT_ID } from '../../lib/domain/agent.js';
import { git } from '../services/agents.js';
import { makeWorld, type World } from './worktree-world.js';

const DAY = 24 * 60 * 60 * 1000;
const REF = 'refs/killswitch/agent-1/op-1';

/** A commit that nothing but the HEAD of the agent's worktree leads to. */
async function detachedCommit({ target }: World): Promise<string> {
  const { worktreePath } = target;
  await git(worktreePath, 'checkout', '--quiet', '--detach');
  writeFileSync(join(worktreePath, 'only-here.txt'), 'done on no branch\n');
  await git(worktreePath, 'add', 'only-here.txt');
  await git(worktreePath, 'commit', '--quiet', '--message=On no branch');
  return (await git(worktreePath, 'rev-parse', 'HEAD')).trim();
}

const prune = (repository: string) => git(repository, 'gc', '--quiet', '--prune=now');
const has = async (repository: string, id: string): Promise<boolean> =>
  git(repository, 'cat-file', '-e', id).then(
    () => true,
    () => false,
  );
const refs = (repository: string) => git(repository, 'for-each-ref', '--format=%(refname)');
const manifestOf = (entry = '') => JSON.parse(readFileSync(join(entry, 'manifest.json'), 'utf8'));

describe('the last commit of a quarantined worktree', () => {
  it('is kept in the portable way, too', async () => {
    const world = await makeWorld({ platform: 'darwin' });
    const commit = await detachedCommit(world);
    await world.clear();
    await prune(world.repository);
    expect(await has(world.repository, commit)).toBe(true);
  });

  it('outlives the pruning of its repository, for as long as the worktree is kept', async () => {
    const world = await makeWorld();
    const { repository, time, worktrees } = world;
    const commit = await detachedCommit(world);
    const { quarantinePath } = await world.clear();
    expect(manifestOf(quarantinePath)).toMatchObject({ commit, ref: REF, outcome: 'removed' });
    await prune(repository);
    expect(await git(repository, 'show', `${commit}:only-here.txt`)).toBe('done on no branch\n');

    time.now += 60_000;
    expect(await worktrees.expire()).toBe(1);
    expect(await refs(repository)).toBe('refs/heads/a\nrefs/heads/main\nrefs/heads/victim\n');
    expect(manifestOf(quarantinePath)).not.toHaveProperty('ref');
    await prune(repository);
    expect(await has(repository, commit)).toBe(false);
    await git(repository, 'fsck', '--strict');
  });

  it('would be pruned without its ref', async () => {
    const world = await makeWorld();
    const commit = await detachedCommit(world);
    await world.clear();
    rmSync(join(world.repository, '.git', REF));
    await prune(world.repository);
    expect(await has(world.repository, commit)).toBe(false);
  });

  it('outlives its branch', async () => {
    const world = await makeWorld();
    await git(world.target.worktreePath, 'commit', '--quiet', '--allow-empty', '--message=Work');
    const commit = (await git(world.target.worktreePath, 'rev-parse', 'HEAD')).trim();
    await world.clear();
    await git(world.repository, 'branch', '--quiet', '-D', 'a');
    await prune(world.repository);
    expect(await has(world.repository, commit)).toBe(true);
  });

  it('is kept when it lies in a pack', async () => {
    const world = await makeWorld();
    const commit = await detachedCommit(world);
    await prune(world.repository);
    await world.clear();
    expect((await git(world.repository, 'rev-parse', REF)).trim()).toBe(commit);
  });

  it('is kept in a repository with SHA-256', async () => {
    const world = await makeWorld();
    const repository = join(world.root, '..', 'sha256');
    await git(world.root, 'init', '--quiet', '--object-format=sha256', repository);
    for (const [name, value] of Object.entries({ name: 'Test', email: 'test@example.org' }))
      await git(repository, 'config', `user.${name}`, value);
    await git(repository, 'commit', '--quiet', '--allow-empty', '--message=First');
    const worktreePath = join(world.root, 'long');
    await git(repository, 'worktree', 'add', '--quiet', '--detach', worktreePath);
    await git(worktreePath, 'commit', '--quiet', '--allow-empty', '--message=On no branch');
    const commit = (await git(worktreePath, 'rev-parse', 'HEAD')).trim();
    await world.clear({ repository, worktreePath });
    await prune(repository);
    expect(await has(repository, commit)).toBe(true);
  });

  it('is let go of without loss of the packed refs of others, peeled tags and odd names included', async () => {
    const world = await makeWorld();
    const { repository, time, worktrees } = world;
    await git(repository, 'tag', '--annotate', '--message=A tag', 'annotated', 'main');
    const packed = join(repository, '.git', 'packed-refs');
    await world.clear();
    await git(repository, 'pack-refs', '--all');
    const odd = Buffer.from(`${'1'.repeat(40)} refs/odd/\xff\n`, 'latin1');
    appendFileSync(packed, odd);
    const before = readFileSync(packed, 'latin1');
    expect(before).toContain(REF);
    time.now += 60_000;
    await worktrees.expire();
    const without = before.split('\n').filter(line => !line.endsWith(` ${REF}`));
    expect(readFileSync(packed, 'latin1')).toBe(without.join('\n'));
    expect(readdirSync(join(repository, '.git', 'refs')).sort()).toEqual(['heads', 'tags']);
    expect(existsSync(`${packed}.lock`)).toBe(false);
  });

  it('is let go of later when git holds the lock', async () => {
    const world = await makeWorld();
    const { quarantinePath = '' } = await world.clear();
    const lock = join(world.repository, '.git', 'packed-refs.lock');
    writeFileSync(lock, '');
    world.time.now += 60_000 + DAY;
    expect(await world.worktrees.expire()).toBe(1);
    expect(existsSync(join(quarantinePath, 'worktree'))).toBe(false);
    expect(await refs(world.repository)).toContain(REF);
    rmSync(lock);
    await world.worktrees.expire();
    expect(await refs(world.repository)).not.toContain(REF);
    expect(existsSync(quarantinePath)).toBe(false);
  });

  it('is owned by whom the repository belongs to', async () => {
    const world = await makeWorld();
    execFileSync('chown', ['-R', '65534:65534', world.repository]);
    await world.worktrees.clear(world.target, AbortSignal.timeout(20_000));
    for (const path of ['refs/killswitch', 'refs/killswitch/agent-1', REF]) {
      expect(statSync(join(world.repository, '.git', path)).uid).toBe(65_534);
    }
  });
});

describe('no ref is written', () => {
  const cases: [string, (world: World) => unknown, string][] = [
    [
      'for a commit that is not there',
      ({ admin }) => writeFileSync(join(admin('a'), 'HEAD'), `${'1'.repeat(40)}\n`),
      'it is not among the repository’s own objects',
    ],
    [
      'in a repository whose refs lie in a reftable',
      ({ repository }) => mkdirSync(join(repository, '.git', 'reftable')),
      'the repository keeps its refs in a reftable',
    ],
    [
      'where somebody planted a lock',
      ({ repository }) => {
        mkdirSync(join(repository, '.git', 'refs/killswitch/agent-1'), { recursive: true });
        writeFileSync(join(repository, '.git', `${REF}.lock`), '');
      },
      'a lock of git stands in the way',
    ],
  ];
  it.each(cases)('%s, and that is told', async (_, arm, why) => {
    const world = await makeWorld();
    await arm(world);
    const seen = await world.clear();
    expect(seen).toMatchObject({ outcome: 'removed', detail: expect.stringContaining(why) });
    expect(manifestOf(seen.quarantinePath)).toMatchObject({ unkept: why });
    expect(existsSync(join(world.repository, '.git', REF))).toBe(false);
  });

  it.each(['refs', 'refs/killswitch', 'refs/killswitch/agent-1'])(
    'through a link in the place of %s',
    async name => {
      const world = await makeWorld();
      await detachedCommit(world);
      const elsewhere = join(world.root, '..', 'elsewhere');
      const path = join(world.repository, '.git', name);
      mkdirSync(path, { recursive: true });
      renameSync(path, elsewhere);
      symlinkSync(elsewhere, path);
      expect(await world.clear()).toMatchObject({
        outcome: 'removed',
        detail: expect.stringContaining('could not be written'),
      });
      expect(existsSync(join(elsewhere, 'killswitch'))).toBe(false);
      expect(existsSync(join(elsewhere, 'op-1'))).toBe(false);
    },
  );

  it.each([
    ['a link', (path: string, target: string) => symlinkSync(target, path)],
    ['a lock that is a link', (path: string, target: string) => symlinkSync(target, `${path}.lock`)],
  ])('through %s in its own place', async (_, plant) => {
    const world = await makeWorld();
    const path = join(world.repository, '.git', REF);
    const elsewhere = join(world.root, '..', 'elsewhere');
    writeFileSync(elsewhere, 'of somebody else');
    mkdirSync(join(path, '..'), { recursive: true });
    plant(path, elsewhere);
    expect(await world.clear()).toMatchObject({ outcome: 'removed' });
    expect(readFileSync(elsewhere, 'utf8')).toBe('of somebody else');
  });

  it('for a HEAD that names no commit', async () => {
    const world = await makeWorld();
    writeFileSync(join(world.admin('a'), 'HEAD'), 'ref: refs/heads/../../../../etc/passwd\n');
    const { quarantinePath, detail } = await world.clear();
    expect(detail).toBeUndefined();
    expect(manifestOf(quarantinePath)).not.toHaveProperty('commit');
    expect(existsSync(join(world.repository, '.git', REF))).toBe(false);
  });
});

describe('the name of the ref', () => {
  it('is one that git takes, another for each agent and operation, whatever their IDs', async () => {
    const world = await makeWorld();
    const id = fc.stringMatching(AGENT_ID);
    const nasty = fc.constantFrom('a.lock', 'a..b', 'a.', 'a:b', 'a.lock.lock', 'a...', 'a+b', 'a:.');
    const any = fc.oneof(
      id,
      nasty.filter(text => AGENT_ID.test(text)),
    );
    const seen = new Map<string, string>();
    await fc.assert(
      fc.asyncProperty(any, any, async (agentId, operationId) => {
        const ref = keptRef(agentId, operationId).join('/');
        await git(world.repository, 'check-ref-format', ref);
        const key = JSON.stringify([agentId, operationId]);
        expect(seen.get(ref) ?? key).toBe(key);
        seen.set(ref, key);
      }),
      { numRuns: 60 },
    );
  });
});
