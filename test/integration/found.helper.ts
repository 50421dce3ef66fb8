import { spawn } from 'node:child_process';
import { on } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { inject, onTestFinished } from 'vitest';
import { createProcesses } from '../../lib/adapters/process/index.js';
import type { Detector } from '../../lib/discovery/detectors/detector.js';
import { detectors } from '../../lib/discovery/detectors/index.js';
import { createRecognition } from '../../lib/discovery/recognition.js';
import type { Enclosures } from '../../lib/ports/enclosure.js';
import type { Target } from '../../lib/ports/sandbox.js';
import { RUN_MARK } from '../services/context.js';
import { signal, startTimeOf } from '../services/proc.js';
import { type Running, silent } from './process.helper.js';

/** A tool as it is installed, which runs shell scripts instead of a model. */
export interface FakeTool {
  readonly executable: string;
  readonly folder: string;
}

/** Puts a shell where a tool has its executable file, below a folder. */
export function installTool(folder: string, path: string): FakeTool {
  const executable = join(folder, path);
  mkdirSync(dirname(executable), { recursive: true });
  copyFileSync('/bin/bash', executable);
  chmodSync(executable, 0o755);
  return { executable, folder };
}

export const claudeIn = (folder: string): FakeTool =>
  installTool(folder, 'node_modules/@anthropic-ai/claude-code/bin/claude');

export const codexIn = (folder: string): FakeTool => installTool(folder, 'codex-linux/bin/codex');

/** A script that the tool runs where its first argument is a word, as `daemon` or `app-server`. */
export function scriptIn(folder: string, name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

export interface StartOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Names that are said, each in a line `name PID`. */
  readonly says: readonly string[];
  readonly cwd?: string;
  readonly user?: number;
}

/** Starts a program in a session of its own, until it said every name. All that said its name ends with the test, by PID. */
export async function start(
  [command, ...args]: readonly [string, ...string[]],
  { environment, says, cwd, user }: StartOptions,
): Promise<Record<string, Running>> {
  const child = spawn(command, args, {
    detached: true,
    ...(cwd !== undefined && { cwd }),
    ...(user !== undefined && { uid: user, gid: user }),
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'], [RUN_MARK]: basename(inject('runFolder')), ...environment },
  });
  const said: Record<string, Running> = {};
  onTestFinished(() => {
    for (const { pid, startTime } of Object.values(said)) signal(pid, startTime, 'SIGKILL');
  });
  for await (const [line] of on(createInterface(child.stdout), 'line', { close: ['close'] })) {
    const [name = '', pid] = String(line).split(' ');
    said[name] = { pid: Number(pid), startTime: startTimeOf(Number(pid)) ?? '' };
    if (says.every(expected => expected in said)) break;
  }
  return said;
}

interface Options {
  readonly enclosures?: Enclosures;
  readonly detectors?: readonly Detector[];
}

/** The sandbox as the server has it, with other detectors where they are told. */
export const foundSandbox = ({ detectors: known = detectors, ...options }: Options = {}) =>
  createProcesses({
    ...options,
    log: silent,
    recognize: () => createRecognition({ detectors: known, agentVariable: 'KILLSWITCH_AGENT_ID' }),
  });

/** The record of an agent that was found. */
export const foundRecord = (agentId: string, detector: string, main: Running | undefined): Target => ({
  agentId,
  operationId: 'op',
  detector,
  id: `${main?.pid}:${main?.startTime}`,
});
