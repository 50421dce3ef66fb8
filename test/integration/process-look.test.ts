import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { lookAt } from '../../lib/adapters/process/look.js';
import { startTimeOf } from '../services/proc.js';

function sleeper(): number {
  const child = spawn('sleep', ['100000'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child.pid ?? 0;
}

test('A process is looked at: when it started, and which signal has stopped it', async () => {
  const pid = sleeper();
  expect(await lookAt(pid)).toEqual({ startTime: startTimeOf(pid), isStopped: false });
  process.kill(pid, 'SIGSTOP');
  await expect
    .poll(() => lookAt(pid))
    .toMatchObject({ isStopped: true, stoppedBy: constants.signals.SIGSTOP });
  process.kill(pid, 'SIGCONT');
  await expect.poll(() => lookAt(pid)).toMatchObject({ isStopped: false });
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
