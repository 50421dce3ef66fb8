import { InvalidArgumentError } from 'commander';
import { KillswitchError } from '../../../lib/domain/errors.js';
import type { Quarantine } from '../../../lib/ports/quarantine.js';
import { UsageError, warn } from '../output.js';

const ENTRY = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}(~[A-Za-z0-9][A-Za-z0-9._-]{0,63})?$/;

export function entryName(text: string): string {
  if (ENTRY.test(text)) return text;
  throw new InvalidArgumentError('It must be <agent ID>~<operation ID>, or an agent ID.');
}

/** Opens the quarantine of this host for `work`, whose result becomes the exit code. */
export async function withQuarantine(work: (quarantine: Quarantine) => Promise<number>): Promise<void> {
  const [{ environment, openQuarantine }, { readConfig }, { log }] = await Promise.all([
    import('../../node.js'),
    import('../../server/read-environment.js'),
    import('../local.js'),
  ]);
  const config = readConfig(environment(), { dev: true });
  if (config.worktreeRoots.length === 0)
    warn('killswitch: KILLSWITCH_WORKTREE_ROOTS is not set: only evidence is shown, no worktrees.');
  const quarantine = await openQuarantine(config, log);
  try {
    process.exitCode = await work(quarantine);
  } catch (error) {
    if (error instanceof KillswitchError && error.code === 'invalid_request')
      throw new UsageError(`${error.message}.`);
    if (error instanceof KillswitchError) throw new Error(`${error.message}.`);
    throw error;
  } finally {
    await quarantine.close();
  }
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `1.5 MiB`. */
export function size(bytes: number | undefined): string {
  if (bytes === undefined) return '?';
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), UNITS.length - 1);
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${UNITS[power]}`;
}
