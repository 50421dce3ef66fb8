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
      'let a token, or all of a subject, count no more, in the file that servers know by KILLSWITCH_REVOKED',
    )
    .option('--jti <id...>', 'this token, by its ID')
    .option('--sub <subject...>', 'all tokens of this subject, later ones too, until its line is taken out')
    .option('--token-file <file>', 'the token in this file, by its ID ("-": standard input)')
    .option('--file <file>', 'the list (default: KILLSWITCH_REVOKED)')
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const { environment } = await import('../node.js');
      const file = fileOf(options, environment());
      const wanted = revocationsFrom(options);
      const added = revoke(file, wanted);
      if (options.json) return printJson({ revoked: wanted, added: added.length });
      for (const one of wanted) {
        print(`${added.includes(one) ? 'Revoked' : 'Revoked before'}: ${one.by} ${one.value}`);
      }
      print('Servers that read this list refuse it from the next second on.');
      const text = read(file);
      if (!isWhole(text)) {
        print(
          `A cut would go unnoticed. Where it is complete, end it with: ${endLine(entriesIn(text)).trim()}`,
        );
      }
    });
}

function fileOf({ file }: Options, env: Environment): string {
  const path = file || env['KILLSWITCH_REVOKED'];
  if (path) return path;
  throw new UsageError('Where is the list? Set KILLSWITCH_REVOKED as the servers have it, or use --file.');
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
    throw new UsageError(`No line of the list can hold this ${odd.by}: 1 to 256 printable characters.`);
  return wanted;
}

/** Read without a look at the signature: to revoke what nobody signed does no harm. */
function idIn(file: string): string {
  try {
    const token = readFileSync(file === '-' ? 0 : file, 'utf8').trim();
    const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    if (typeof jti === 'string') return jti;
  } catch (cause) {
    throw new Error('The file holds no token that can be read.', { cause });
  }
  throw new Error('The token has no ID: revoke its subject.');
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new Error('The list cannot be read.', { cause });
  }
}

function listIn(text: string): Revocations {
  const list = parseRevocations(text);
  if (!('problem' in list)) return list;
  throw new Error(
    `Servers do not take the list as it is: ${list.problem}. Mend it; what they had before counts.`,
  );
}

/**
 * Appends what is not in it yet, in one write: nobody reads half of it, and of two who do so at once none undoes the
 * other's. On the disk when it returns.
 */
function revoke(file: string, wanted: readonly Revocation[]): readonly Revocation[] {
  const before = read(file);
  const known = parseRevocations(before);
  const added = wanted.filter(({ by, value }) => 'problem' in known || !known[by].has(value));
  if (added.length > 0) {
    const start = before === '' || before.endsWith('\n') ? '' : '\n';
    const lines = added.map(({ by, value }) => revocationLine(by, value)).join('');
    // An end is said only of a list that was whole before: of another one it is not known.
    const end = entriesIn(before) === 0 || isWhole(before) ? endLine(entriesIn(before) + added.length) : '';
    append(file, start + lines + end);
  }
  const list = listIn(read(file));
  // An editor may have put its own text in the place of the file meanwhile.
  if (!wanted.every(({ by, value }) => list[by].has(value)))
    throw new Error('The list changed meanwhile: again.');
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
    throw new Error('The list cannot be written.', { cause });
  }
}
