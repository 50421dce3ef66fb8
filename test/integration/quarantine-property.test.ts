import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { git } from '../services/agents.js';
import { makeQuarantineWorld } from './quarantine-world.js';

const isLong = process.env['KILLSWITCH_TEST_LONG'] === '1';

type Node =
  | { readonly kind: 'file'; readonly content: Uint8Array; readonly mode: number }
  | { readonly kind: 'link'; readonly to: Buffer }
  | { readonly kind: 'directory'; readonly children: Tree; readonly mode: number };
type Tree = readonly (readonly [name: Buffer, node: Node])[];

const bytes = (max: number) =>
  fc
    .uint8Array({ minLength: 1, maxLength: max })
    .map(each => Buffer.from(each))
    .filter(name => !name.includes(0));
const name = fc
  .oneof(
    fc.stringMatching(/^[a-z. -]{1,8}$/).map(text => Buffer.from(text)),
    bytes(20),
  )
  .filter(each => !each.includes('/') && !['.', '..', '.git'].includes(each.toString('latin1')));
const file = fc.record({
  kind: fc.constant('file' as const),
  content: fc.uint8Array({ maxLength: 2_000 }),
  mode: fc.constantFrom(0o644, 0o755, 0o600, 0o444),
});
const link = fc.record({ kind: fc.constant('link' as const), to: bytes(40) });

function tree(depth: number): fc.Arbitrary<Tree> {
  const directory = fc.record({
    kind: fc.constant('directory' as const),
    children: depth > 0 ? tree(depth - 1) : fc.constant([]),
    mode: fc.constantFrom(0o755, 0o700, 0o555),
  });
  return fc.uniqueArray(fc.tuple(name, fc.oneof(file, link, directory)), {
    maxLength: 5,
    selector: ([each]) => each.toString('latin1'),
  });
}

const under = (directory: Buffer, each: Buffer): Buffer => Buffer.concat([directory, Buffer.from('/'), each]);

function write(directory: Buffer, nodes: Tree): void {
  for (const [each, node] of nodes) {
    const path = under(directory, each);
    if (node.kind === 'link') symlinkSync(node.to, path);
    else if (node.kind === 'file') writeFileSync(path, node.content);
    else {
      mkdirSync(path);
      write(path, node.children);
    }
    if (node.kind !== 'link') chmodSync(path, node.mode);
  }
}

/** Everything in a directory but git's own file, one line each. */
function read(directory: Buffer, prefix = ''): string[] {
  return readdirSync(directory, { encoding: 'buffer' })
    .map(each => ({ path: under(directory, each), as: `${prefix}/${each.toString('latin1')}` }))
    .filter(({ as }) => as !== '/.git')
    .sort((one, other) => (one.as < other.as ? -1 : 1))
    .flatMap(({ path, as }) => {
      const stat = lstatSync(path);
      if (stat.isSymbolicLink()) return [`${as} -> ${readlinkSync(path, { encoding: 'latin1' })}`];
      const own = `${as} ${(stat.mode & 0o7777).toString(8)}`;
      if (stat.isDirectory()) return [own, ...read(path, as)];
      return [`${own} ${readFileSync(path).toString('base64')}`];
    });
}

it('a restored worktree is the quarantined one, byte for byte, and git sees the same changes', async () => {
  const world = await makeQuarantineWorld();
  const status = (path: string) => git(path, 'status', '--porcelain', '-z', '--untracked-files=all');
  let run = 0;
  await fc.assert(
    fc.asyncProperty(tree(2), tree(2), async (committed, changed) => {
      const operationId = `run-${run++}`;
      const [path, fresh] = [join(world.root, operationId), join(world.root, '..', operationId)];
      await git(world.repository, 'worktree', 'add', '--quiet', '--detach', path);
      write(Buffer.from(path), committed);
      await git(path, 'add', '--all');
      await git(path, 'commit', '--quiet', '--allow-empty', '--message=Committed');
      const free = changed.filter(([each]) => !committed.some(([taken]) => taken.equals(each)));
      write(Buffer.from(path), free);
      const before = { status: await status(path), files: read(Buffer.from(path)) };

      await world.worktrees.clear(
        { ...world.target, operationId, worktreePath: path },
        AbortSignal.timeout(20_000),
      );
      const { leftOut, checkout } = await world.quarantine.restore(`agent-1~${operationId}`, fresh);
      expect(leftOut).toEqual([]);
      expect(checkout).toMatchObject({ staged: true });
      expect({ status: await status(fresh), files: read(Buffer.from(fresh)) }).toEqual(before);
    }),
    { numRuns: isLong ? 500 : 20 },
  );
}, 600_000);
