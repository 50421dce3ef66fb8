import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

export interface ScopeOptions {
  /** By their whole paths: what is in PATH may be another program of this name. */
  readonly programs?: readonly string[];
  /** There while systemd is the init system (sd_booted(3)). */
  readonly booted?: string;
  readonly isRoot?: boolean;
}

/** Milliseconds that the manager may take for the trial. */
const PATIENCE = 3_000;

/**
 * The words to put before a command so that systemd gives it a cgroup of its own, in which it keeps its PID; undefined
 * where that does not work. It is tried with `true` first: a manager that cannot be reached would take the command's
 * place.
 */
export function scopeFor({
  programs = ['/usr/bin/systemd-run', '/bin/systemd-run'],
  booted = '/run/systemd/system',
  isRoot = process.geteuid?.() === 0,
}: ScopeOptions = {}): readonly string[] | undefined {
  const program = programs.find(path => existsSync(path));
  if (program === undefined || !existsSync(booted)) return undefined;
  const words = [program, ...(isRoot ? [] : ['--user']), '--scope', '--quiet', '--collect'];
  const scope = [...words, '--property=Delegate=yes', '--'];
  const [, ...options] = [...scope, 'true'];
  const trial = spawnSync(program, options, { stdio: 'ignore', timeout: PATIENCE });
  return trial.status === 0 ? scope : undefined;
}
