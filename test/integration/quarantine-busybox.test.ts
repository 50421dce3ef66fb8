import { chmodSync, existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openWorktrees } from '../../lib/adapters/worktree/index.js';
import { temporaryDirectory } from '../services/agents.js';
import { bindMount } from './mounts.helper.js';
import { makeQuarantineWorld } from './quarantine-world.js';

const BUSYBOX = '/bin/busybox';

/** A directory of programs: the rm of BusyBox, or what a line of a shell does. */
function makePath(scripts: Readonly<Record<string, string>> = {}): string {
  const directory = temporaryDirectory();
  symlinkSync('/usr/bin/nice', join(directory, 'nice'));
  if (!('rm' in scripts)) symlinkSync(BUSYBOX, join(directory, 'rm'));
  for (const [name, line] of Object.entries(scripts)) {
    writeFileSync(join(directory, name), `#!/bin/sh\n${line}\n`);
    chmodSync(join(directory, name), 0o755);
  }
  return directory;
}

/** A worktree in the quarantine whose time is over, and the adapter with other programs. */
async function open(toolPath: string) {
  const world = await makeQuarantineWorld();
  const note = (entry: object): void => void world.logged.push(entry);
  const worktrees = openWorktrees({
    roots: [world.root],
    ttlMs: 60_000,
    toolPath,
    clock: { now: () => world.time.now, monotonic: () => performance.now() },
    log: { warn: note, error: note, info: () => undefined },
  });
  onTestFinished(() => worktrees.close());
  const { quarantinePath = '' } = await world.clear();
  world.time.now += 60_000;
  return { ...world, worktrees, quarantinePath };
}

describe.runIf(existsSync(BUSYBOX))('with the rm of BusyBox, which cannot be kept on one filesystem', () => {
  it('the quarantine is emptied', async () => {
    const { worktrees, quarantinePath, logged } = await open(makePath());
    expect(await worktrees.expire()).toBe(1);
    expect(readdirSync(quarantinePath)).toEqual(['manifest.json']);
    expect(logged).toEqual([]);
  });

  it('a mount in the quarantine is not crossed', async () => {
    const { worktrees, quarantinePath, victim, expectVictimUntouched } = await open(makePath());
    const unmount = bindMount(victim, join(quarantinePath, 'worktree', 'mounted'));
    expect(await worktrees.expire()).toBe(0);
    await expectVictimUntouched();
    unmount();
    expect(await worktrees.expire()).toBe(1);
    await expectVictimUntouched();
  });
});

describe('an rm that fails', () => {
  it('is logged with what it said, shown by the probe, and tried again until it does it', async () => {
    const toolPath = makePath({ rm: '[ $# = 2 ] || { echo "rm: no luck" >&2; exit 3; }' });
    const { worktrees, quarantinePath, logged } = await open(toolPath);
    expect(await worktrees.probe()).toEqual({ name: 'worktrees', ok: true });
    expect(await worktrees.expire()).toBe(0);
    const why = 'ended with 3: rm: no luck';
    expect(logged).toEqual([{ entry: quarantinePath, left: ['worktree', 'admin'], why }]);
    const detail = 'an entry of the quarantine could not be deleted';
    expect(await worktrees.probe()).toEqual({ name: 'worktrees', ok: false, aside: true, detail });
    writeFileSync(join(toolPath, 'rm'), '#!/bin/sh\nexec /bin/rm "$@"\n');
    expect(await worktrees.expire()).toBe(1);
    expect(await worktrees.probe()).toEqual({ name: 'worktrees', ok: true });
  });

  it('because it is not there is told as well', async () => {
    const { worktrees, quarantinePath, logged } = await open(temporaryDirectory());
    expect(await worktrees.expire()).toBe(0);
    expect(logged).toEqual([
      { entry: quarantinePath, left: ['worktree', 'admin'], why: 'spawn nice ENOENT' },
    ]);
  });
});
