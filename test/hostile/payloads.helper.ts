import { appendFileSync, chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { git } from '../services/agents.js';

export interface Victim {
  readonly repository: string;
  readonly worktree: string;
  /** A program that leaves a mark. */
  readonly program: string;
}

/** How an agent has git start a program, and the plain git command that does. */
export interface Payload {
  readonly name: string;
  arm(victim: Victim): Promise<unknown>;
  readonly provoke: readonly string[];
}

const ABSENT = '0123456789'.repeat(4);
const config =
  (...pairs: readonly (readonly [string, string | ((victim: Victim) => string)])[]) =>
  async (victim: Victim): Promise<void> => {
    for (const [name, value] of pairs) {
      await git(victim.repository, 'config', name, typeof value === 'string' ? value : value(victim));
    }
  };
const program = ({ program: path }: Victim): string => path;
const attributes = ({ worktree }: Victim, line: string): void => {
  writeFileSync(join(worktree, '.gitattributes'), `${line}\n`);
  appendFileSync(join(worktree, 'README.md'), 'changed\n');
};

/** All of it can be written by whoever may commit: the configuration, hooks and attributes of its repository. */
export const payloads: readonly Payload[] = [
  { name: 'core.fsmonitor', arm: config(['core.fsmonitor', program]), provoke: ['status'] },
  {
    name: 'a hook',
    async arm({ repository, program: path }) {
      const hook = join(repository, '.git', 'hooks', 'post-checkout');
      mkdirSync(join(repository, '.git', 'hooks'), { recursive: true });
      writeFileSync(hook, `#!/bin/sh\nexec '${path}'\n`);
      chmodSync(hook, 0o755);
    },
    provoke: ['switch', '--quiet', '--detach', 'HEAD'],
  },
  {
    name: 'core.hooksPath',
    async arm(victim) {
      const hooks = join(victim.worktree, 'hooks');
      mkdirSync(hooks);
      writeFileSync(join(hooks, 'reference-transaction'), `#!/bin/sh\nexec '${victim.program}'\n`);
      chmodSync(join(hooks, 'reference-transaction'), 0o755);
      await config(['core.hooksPath', hooks])(victim);
    },
    provoke: ['update-ref', 'refs/heads/x', 'HEAD'],
  },
  {
    name: 'a clean filter',
    async arm(victim) {
      attributes(victim, '* filter=evil');
      await config(['filter.evil.clean', program])(victim);
    },
    provoke: ['add', 'README.md'],
  },
  {
    name: 'includeIf',
    async arm(victim) {
      const included = join(victim.worktree, 'included');
      writeFileSync(included, `[core]\n\tfsmonitor = ${victim.program}\n`);
      await config(['includeIf.gitdir:**.path', included])(victim);
    },
    provoke: ['status'],
  },
  {
    name: 'an external diff',
    async arm(victim) {
      attributes(victim, '* -evil');
      await config(['diff.external', program])(victim);
    },
    provoke: ['diff'],
  },
  {
    name: 'textconv',
    async arm(victim) {
      attributes(victim, '* diff=evil');
      await config(['diff.evil.textconv', program])(victim);
    },
    provoke: ['diff'],
  },
  {
    name: 'gpg.program',
    arm: config(['gpg.program', program], ['commit.gpgSign', 'true']),
    provoke: ['commit', '--quiet', '--allow-empty', '--message=x'],
  },
  {
    name: 'a lazy fetch',
    arm: config(
      ['core.repositoryFormatVersion', '1'],
      ['extensions.partialClone', 'origin'],
      ['remote.origin.promisor', 'true'],
      ['remote.origin.url', ({ repository }) => repository],
      ['remote.origin.uploadpack', program],
    ),
    provoke: ['cat-file', '-p', ABSENT],
  },
  {
    name: 'core.sshCommand',
    arm: config(['core.sshCommand', program], ['remote.far.url', 'ssh://far.invalid/x']),
    provoke: ['fetch', 'far'],
  },
];

export interface Mark {
  readonly program: string;
  isThere(): boolean;
  wipe(): void;
}

/** A program whose running leaves a mark. */
export function makeMark(directory: string): Mark {
  const [path, mark] = [join(directory, 'payload'), join(directory, 'mark')];
  writeFileSync(path, `#!/bin/sh\ntouch '${mark}'\n`);
  chmodSync(path, 0o755);
  return { program: path, isThere: () => existsSync(mark), wipe: () => rmSync(mark, { force: true }) };
}
