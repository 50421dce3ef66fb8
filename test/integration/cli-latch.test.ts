import { describe, expect, it } from 'vitest';
import { startStub } from '../functions/edge-bench.js';
import { runCli } from './cli-run.js';

/** What the command line says where the server answers this, as a gateway does while an origin is silent. */
async function told(action: readonly string[], latch: object) {
  const body = JSON.stringify({ ...latch, errors: ['origin two did not answer'] });
  const { url } = await startStub({ status: 202, body });
  return runCli(['latch', ...action, '--url', url], { KILLSWITCH_TOKEN: 'x' });
}

describe('the emergency stop behind a gateway, while an origin is silent', () => {
  it.each([
    ['status', ['status']],
    ['engage', ['engage']],
  ])('is said to be open only where it was looked at: %s', async (_, action) => {
    expect(await told(action, { engaged: false })).toMatchObject({
      code: 3,
      stdout: 'The emergency stop is not engaged where it could be read\norigin two did not answer\n',
    });
  });

  it('is said to be engaged still where a reset did not reach every origin', async () => {
    const hold = { selector: {}, since: '2026-11-22T10:00:00Z', by: 'alice' };
    expect(await told(['reset', '--reason', 'over'], { engaged: true, ...hold })).toMatchObject({
      code: 3,
      stdout:
        'The emergency stop is ENGAGED for every agent, since 2026-11-22T10:00:00Z by alice\norigin two did not answer\n',
    });
  });

  it('is told as JSON with the same exit code', async () => {
    const { code, stdout } = await told(['--json'], { engaged: false });
    expect([code, JSON.parse(stdout)]).toMatchObject([3, { errors: ['origin two did not answer'] }]);
  });
});
