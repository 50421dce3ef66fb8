import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { inject } from 'vitest';
import type { Sandbox } from '../../lib/ports/sandbox.js';
import type { Scanner } from '../../lib/ports/scanner.js';
import { RUN_MARK } from '../services/context.js';
import { afterFile } from '../services/registry.js';
import type { Question } from './process-asker.js';

/** Nobody in particular: none of the machine's files and processes belong to it. */
export const USER = 65_534;
export const asUser = ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'];
/** Only root can become another user. */
export const canBeUser = process.getuid?.() === 0;

/** The process adapter in a process of its own, which this command starts; it ends after the test file. */
export async function openElsewhere(command: readonly string[]): Promise<Sandbox & Scanner> {
  const [file = '', ...args] = [
    ...command,
    ...[process.execPath, '--import', 'tsx', join(import.meta.dirname, 'process-asker.ts')],
  ];
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], [RUN_MARK]: basename(inject('runFolder')) },
  });
  afterFile(() => child.stdin.end());
  const waiting = new Map<number, (answer: never) => void>();
  const lines = createInterface(child.stdout);
  const ready = once(lines, 'line');
  lines.on('line', line => {
    const { id, answer } = JSON.parse(line);
    waiting.get(id)?.(answer as never);
  });
  await ready;
  let count = 0;
  const ask = <T>(question: Question): Promise<T> =>
    new Promise(resolve => {
      waiting.set(count++, resolve);
      child.stdin.write(`${JSON.stringify(question)}\n`);
    });
  return {
    kind: 'process',
    kill: (target, { graceMs, deadline }) =>
      ask({ method: 'kill', target, graceMs, isOver: deadline.aborted }),
    remove: target => ask({ method: 'remove', target }),
    pause: target => ask({ method: 'pause', target }),
    resume: target => ask({ method: 'resume', target }),
    scan: () => ask({ method: 'sightings' }),
    probe: () => ask({ method: 'probe' }),
    watch: () => () => undefined,
  };
}
