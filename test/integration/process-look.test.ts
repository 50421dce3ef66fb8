import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { lookAt } from '../../lib/adapters/process/look.js';
import { startTimeOf } from '../services/proc.js';

function sleeper(): number {
  const child = spawn('sleep', ['100000'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child.pid ?? 0;
}

/** As a job of a shell: SIGTSTP stops no process of a group that has no parent in its session (setpgid(2)). */
async function job(): Promise<number> {
  const shell = spawn('bash', ['-mc', 'sleep 100000 & echo $!; wait'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [said] = await once(shell.stdout, 'data');
  const pid = Number(said);
  onTestFinished(() => {
    process.kill(pid, 'SIGKILL');
    shell.kill('SIGKILL');
  });
  return pid;
}

test('A process is looked at: when it started, and which signal has stopped it', async () => {
  const pid = await job();
  expect(await lookAt(pid)).toEqual({ startTime: startTimeOf(pid), isStopped: false });
  for (const signal of ['SIGSTOP', 'SIGTSTP'] as const) {
    process.kill(pid, signal);
    await expect
      .poll(() => lookAt(pid))
      .toMatchObject({ isStopped: true, stoppedBy: constants.signals[signal] });
    process.kill(pid, 'SIGCONT');
    await expect.poll(() => lookAt(pid)).toMatchObject({ isStopped: false });
  }
});

test('A process that is not there is not seen', async () => {
  expect(await lookAt(2 ** 22 + 1)).toBeUndefined();
  expect(await lookAt(process.pid, { procRoot: '/nonexistent' })).toBeUndefined();
});

test('Elsewhere than on Linux ps is asked', async () => {
  const pid = sleeper();
  process.kill(pid, 'SIGSTOP');
  await expect
    .poll(() => lookAt(pid, { platform: 'darwin' }))
    .toEqual({ startTime: expect.stringMatching(/^\w{3} \w{3} /), isStopped: true });
  expect(await lookAt(2 ** 22 + 1, { platform: 'darwin' })).toBeUndefined();
});
