import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Command } from 'commander';
import {
  endLine,
  entriesIn,
  isWhole,
  parseRevocations,
  type Revocations,
  type RevokedBy,
  revocationLine,
} from '../../lib/domain/revocation.js';
import type { Environment } from './credential.js';
import { print, printJson, UsageError } from './output.js';

interface Options {
  readonly jti?: readonly string[];
  readonly sub?: readonly string[];
  readonly tokenFile?: string;
  readonly file?: string;
  readonly json?: true;
}

interface Revocation {
  readonly by: RevokedBy;
  readonly value: string;
}

export function addRevoke(token: Command): void {
  token
    .command('revoke')
    .description(
      'revoke a token, or all tokens of a subject, in the file that servers read as KILLSWITCH_REVOKED',
    )
    .option('--jti <id...>', 'this token, by its ID')
    .option('--sub <subject...>', 'all tokens of this subject, future ones too, until its line is removed')
    .option('--token-file <file>', 'the token in this file, by its ID ("-": standard input)')
    .option('--file <file>', 'the revocation list (default: KILLSWITCH_REVOKED)')
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const { environment } = await import('../node.js');
      const file = fileOf(options, environment());
      const wanted = revocationsFrom(options);
      const added = revoke(file, wanted);
      if (options.json) return printJson({ revoked: wanted, added: added.length });
      for (const one of wanted) {
        print(`${added.includes(one) ? 'Revoked' : 'Already revoked'}: ${one.by} ${one.value}`);
      }
      print('Servers that read this list refuse it within a second.');
      const text = read(file);
      if (!isWhole(text)) {
        print(
          `Without an end line, a truncated list would not be noticed. If the list is complete, append: ${endLine(entriesIn(text)).trim()}`,
        );
      }
    });
}

function fileOf({ file }: Options, env: Environment): string {
  const path = file || env['KILLSWITCH_REVOKED'];
  if (path) return path;
  throw new UsageError(
    'No revocation list: set KILLSWITCH_REVOKED to the file that the servers read, or use --file.',
  );
}

function revocationsFrom({ jti = [], sub = [], tokenFile }: Options): readonly Revocation[] {
  const ids = tokenFile === undefined ? jti : [...jti, idIn(tokenFile)];
  const wanted = [
    ...ids.map(value => ({ by: 'jti', value }) as const),
    ...sub.map(value => ({ by: 'sub', value }) as const),
  ];
  if (wanted.length === 0) throw new UsageError('Say what to revoke: --jti, --sub or --token-file.');
  const odd = wanted.find(({ by, value }) => revocationLine(by, value) === undefined);
  if (odd)
    throw new UsageError(`The list cannot hold this ${odd.by}: it must have 1 to 256 printable characters.`);
  return wanted;
}

/** Does not check the signature: revoking an ID that was never signed does no harm. */
function idIn(file: string): string {
  try {
    const token = readFileSync(file === '-' ? 0 : file, 'utf8').trim();
    const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    if (typeof jti === 'string') return jti;
  } catch (cause) {
    throw new Error('The file does not hold a readable token.', { cause });
  }
  throw new Error('The token has no ID: revoke its subject with --sub.');
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new Error('The revocation list cannot be read.', { cause });
  }
}

function listIn(text: string): Revocations {
  const list = parseRevocations(text);
  if (!('problem' in list)) return list;
  throw new Error(
    `Servers reject the list as it is: ${list.problem}. Fix it; until then they use the list that they read before.`,
  );
}

/**
 * Appends the new entries in one write, so that readers never see half of it and two writers at once both succeed.
 * Synced to disk when it returns.
 */
function revoke(file: string, wanted: readonly Revocation[]): readonly Revocation[] {
  const before = read(file);
  const known = parseRevocations(before);
  const added = wanted.filter(({ by, value }) => 'problem' in known || !known[by].has(value));
  if (added.length > 0) {
    const start = before === '' || before.endsWith('\n') ? '' : '\n';
    const lines = added.map(({ by, value }) => revocationLine(by, value)).join('');
    // The end line is written only if the list was complete before; otherwise that is not known.
    const end = entriesIn(before) === 0 || isWhole(before) ? endLine(entriesIn(before) + added.length) : '';
    append(file, start + lines + end);
  }
  const list = listIn(read(file));
  // An editor may have replaced the file meanwhile.
  if (!wanted.every(({ by, value }) => list[by].has(value)))
    throw new Error('Another program changed the list meanwhile: run the command again.');
  return added;
}

function append(file: string, text: string): void {
  const bytes = Buffer.from(text);
  try {
    const descriptor = openSync(file, 'a', 0o644);
    try {
      if (writeSync(descriptor, bytes) < bytes.length) throw new Error('the disk is full');
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw new Error('The revocation list cannot be written.', { cause });
  }
}
