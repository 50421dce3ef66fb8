import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import type { Registration } from '../../../lib/domain/agent.js';
import { omitUndefined } from '../../../lib/util/omit-undefined.js';
import type { Labels } from '../options.js';
import { UsageError } from '../output.js';
import type { RegistryOptions } from './registry.js';

export interface RunOptions extends RegistryOptions {
  readonly id?: string;
  readonly task?: string;
  readonly label?: Labels;
  /** Seconds, as written in `maxAgeText`. */
  readonly maxAge?: { readonly ms: number; readonly text: string };
  /** `true`: below the first allowed root. */
  readonly worktree?: string | true;
  readonly container?: string;
  readonly reap?: true;
  readonly verbose?: true;
}

export type CommandLine = readonly [string, ...string[]];

/** Longest part of an ID that comes from the name of the command. */
const LONGEST_NAME = 100;

/** `<name of the command>-<six random digits>`, in the letters that an ID may have. */
export function newAgentId(command: string): string {
  const name = basename(command)
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, LONGEST_NAME);
  return `${name || 'agent'}-${randomBytes(3).toString('hex')}`;
}

/** The members of the record that are known before anything runs. */
export const memberOf = (
  { task, label, maxAge }: RunOptions,
  { host, now }: { readonly host: string; readonly now: number },
): Omit<Registration, 'status'> =>
  omitUndefined({
    taskId: task,
    host,
    labels: label,
    expiresAt: maxAge && new Date(now + maxAge.ms).toISOString(),
  });

/** @throws UsageError */
export function commandLineOf(words: readonly string[], { container }: RunOptions): readonly string[] {
  if (words.length > 0 || container !== undefined) return words;
  throw new UsageError('Say what to run, such as: killswitch run -- claude');
}
