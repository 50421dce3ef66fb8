import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addWorktree, makeRepository } from '../../services/repositories.js';
import { temporaryDirectory } from '../../services/temporary.js';
import type { Bench, Measurement } from '../bench.js';
import { removeWorktree } from '../git.js';
import { alternate, type Side, timed } from '../measure.js';
import type { Result } from '../result.js';
import { type BenchServer, startServer } from '../server.js';

export const worktreeOf = (files: number): string =>
  `a worktree of ${files.toLocaleString('en')} files cleared`;
export const MANY = '200 worktrees of one repository cleared';
const FILES = [10, 10_000, 100_000];
const WORKTREES = 200;
const PER_DIRECTORY = 500;

interface Place {
  readonly server: BenchServer;
  readonly roots: string;
  readonly repository: string;
}

let count = 0;

function makeFiles(directory: string, files: number): void {
  for (let made = 0; made < files; made++) {
    const inside = join(directory, `${Math.floor(made / PER_DIRECTORY)}`);
    if (made % PER_DIRECTORY === 0) mkdirSync(inside, { recursive: true });
    writeFileSync(join(inside, `${made}`), 'x');
  }
}

/** Hard links to one set of files: as many entries to delete, made in a fraction of the time. */
async function addTree({ roots, repository }: Place, files?: string): Promise<{ id: string; path: string }> {
  const id = `tree-${process.pid}-${count++}`;
  const path = await addWorktree(repository, join(roots, 'trees', id), id);
  if (files !== undefined) execFileSync('cp', ['-rl', files, join(path, 'files')]);
  return { id, path };
}

async function mustBeGone(paths: readonly string[]): Promise<void> {
  if (paths.some(path => existsSync(path))) throw new Error('A worktree is still there.');
}

type Tree = Awaited<ReturnType<typeof addTree>>;

const byUs = ({ server, repository, roots }: Place): Way => ({
  name: 'killswitch',
  async prepare(trees) {
    for (const { id, path } of trees)
      await server.ask('PUT', `/agents/${id}`, { status: 'running', repository, worktreePath: path });
  },
  clear: ([first, ...others]) =>
    server.ask('POST', others.length === 0 ? `/agents/${first?.id}/kill` : '/agents/kill-all', {}),
  async clean() {
    execFileSync('rm', ['-rf', join(roots, 'trees', '.killswitch-quarantine')]);
  },
});

interface Way {
  readonly name: string;
  prepare?(trees: readonly Tree[]): Promise<void>;
  clear(trees: readonly Tree[]): Promise<unknown>;
  clean?(): Promise<void>;
}

const byGit = ({ repository }: Place, name: string, together: boolean): Way => {
  const forget = ({ path }: Tree): Promise<void> => removeWorktree(repository, path);
  return {
    name,
    async clear(trees) {
      if (together) await Promise.all(trees.map(forget));
      else for (const tree of trees) await forget(tree);
    },
  };
};

const sideOf = (way: Way, place: Place, { trees: size, files }: { trees: number; files?: string }): Side => ({
  name: way.name,
  async once() {
    const trees: Tree[] = [];
    for (let made = 0; made < size; made++) trees.push(await addTree(place, files));
    await way.prepare?.(trees);
    const took = await timed(() => way.clear(trees));
    await mustBeGone(trees.map(({ path }) => path));
    await way.clean?.();
    return took;
  },
});

async function ofSize(place: Place, size: number, bench: Bench): Promise<Result> {
  const files = join(place.roots, `files-${size}`);
  makeFiles(files, size);
  const sides = [byUs(place), byGit(place, 'git worktree remove --force', false)].map(way =>
    sideOf(way, place, { trees: 1, files }),
  );
  const series = await alternate(sides, { runs: bench.runs(size > 10_000 ? 3 : 7), warmUps: 1 });
  return {
    measurement: 'worktrees',
    title: worktreeOf(size),
    series,
    size,
    line: 'clearing a worktree, by its files',
  };
}

export const worktrees: Measurement = {
  name: 'worktrees',
  about: 'worktrees of 10, 10,000 and 100,000 files, and 200 of one repository',
  async run(bench) {
    const roots = temporaryDirectory();
    const repository = await makeRepository(join(roots, 'repository'));
    const server = await startServer({
      more: { KILLSWITCH_WORKTREE_ROOTS: roots, KILLSWITCH_SANDBOX: 'none' },
    });
    const place = { server, roots, repository };
    const results: Result[] = [];
    for (const size of FILES) results.push(await ofSize(place, size, bench));
    const ways = [
      byUs(place),
      byGit(place, 'git worktree remove --force, concurrently', true),
      byGit(place, 'git worktree remove --force, one by one', false),
    ];
    const sides = ways.map(way => sideOf(way, place, { trees: WORKTREES }));
    const series = await alternate(sides, { runs: bench.runs(2), warmUps: 0 });
    await server.end();
    return [...results, { measurement: 'worktrees', title: MANY, series }];
  },
};
