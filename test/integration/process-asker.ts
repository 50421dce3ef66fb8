import { createInterface } from 'node:readline';
import { createCgroups } from '../../lib/adapters/cgroup/index.js';
import { createProcesses } from '../../lib/adapters/process/index.js';
import type { Target } from '../../lib/ports/sandbox.js';

/** What is asked of it, one JSON text a line. */
export type Question =
  | { readonly method: 'kill'; readonly target: Target; readonly graceMs: number; readonly isOver: boolean }
  | { readonly method: 'remove' | 'pause' | 'resume'; readonly target: Target }
  | { readonly method: 'sightings' | 'probe' };

// A process of its own, as another user or in other namespaces. It answers in the order in which it is done.
const silent = { warn: () => undefined, error: () => undefined, info: () => undefined };
const sandbox = createProcesses({ kernel: createCgroups(), log: silent });

function ask(question: Question): Promise<unknown> {
  const within = AbortSignal.timeout(20_000);
  switch (question.method) {
    case 'kill': {
      const deadline = question.isOver ? AbortSignal.abort() : within;
      return sandbox.kill(question.target, { graceMs: question.graceMs, deadline });
    }
    case 'pause':
    case 'resume':
      return sandbox[question.method](question.target, within);
    case 'remove':
      return sandbox.remove(question.target, within);
    case 'sightings':
      return sandbox.scan();
    case 'probe':
      return sandbox.probe();
  }
}

let count = 0;
createInterface(process.stdin).on('line', async line => {
  const id = count++;
  const answer = await ask(JSON.parse(line));
  process.stdout.write(`${JSON.stringify({ id, answer })}\n`);
});
process.stdout.write(`${JSON.stringify({ pid: process.pid })}\n`);
