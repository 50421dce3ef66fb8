import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openWatchdog } from '../../lib/adapters/watchdog.js';
import { fakeLog } from '../fakes/log.js';
import { fullPipe, serveInto } from '../services/outputs.js';
import { temporaryDirectory } from '../services/temporary.js';

const LIMIT = { KILLSWITCH_WATCHDOG: '2s' };

/** Settings with which a server's event loop stands still for ever once it gets SIGUSR2. */
function hanging() {
  const hook = join(temporaryDirectory(), 'hook.cjs');
  writeFileSync(hook, "process.on('SIGUSR2', () => { for (;;); });");
  return { ...LIMIT, NODE_OPTIONS: `--require ${hook}` };
}

describe('the watchdog', () => {
  it('ends a process whose event loop stands still, and says so', async () => {
    const { child, ended } = await serveInto({ stderr: 'pipe' }, hanging());
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', text => {
      said += text;
    });
    child.kill('SIGUSR2');
    expect(await ended).toBe('SIGKILL');
    await expect
      .poll(() => said)
      .toBe('killswitch: the event loop stood still for 2 s: the process ends itself\n');
  });

  it('ends it also where nothing can be written', async () => {
    const pipe = fullPipe();
    const { child, ended } = await serveInto({ stdout: pipe, stderr: pipe }, hanging());
    child.kill('SIGUSR2');
    expect(await ended).toBe('SIGKILL');
  });

  it.runIf(process.getuid?.() === 0)(
    'ends the first process of a container, which no signal of its own ends',
    async () => {
      const { child, ended } = await serveInto({}, hanging(), ['unshare', '--pid', '--fork', '--kill-child']);
      const first = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
      process.kill(first, 'SIGUSR2');
      expect(await ended).toBe('SIGTRAP');
    },
  );

  it('does not take a pause of the whole process for a loop that stands still', async () => {
    const { url, child, ended } = await serveInto({}, LIMIT);
    child.kill('SIGSTOP');
    // Longer than the limit: nothing happens that could be awaited.
    await delay(3_000);
    child.kill('SIGCONT');
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    // Several looks later it is there still.
    await delay(2_500);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('is not there where there is no limit', async () => {
    const threads = (): number => readdirSync('/proc/self/task').length;
    const before = threads();
    const off = openWatchdog({ limitMs: 0, log: fakeLog() });
    expect(threads()).toBe(before);
    await off.close();
    const on = openWatchdog({ limitMs: 3_600_000, log: fakeLog() });
    await expect.poll(threads).toBeGreaterThan(before);
    await on.close();
  });
});
