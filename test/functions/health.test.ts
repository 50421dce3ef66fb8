import { describe, expect, it, vi } from 'vitest';
import { openApp } from './bench.js';

const well = { probe: async () => ({ name: 'store', ok: true }) };

describe('health', () => {
  it('says that the process answers, to everyone', async () => {
    const { status, json } = await openApp().send('GET /healthz', { token: null });
    expect([status, json]).toEqual([200, { status: 'ok' }]);
  });

  it('says of each port whether it works', async () => {
    const { status, json } = await openApp({ probes: [well] }).send('GET /readyz', { token: null });
    expect(status).toBe(200);
    expect(json).toEqual({ status: 'ready', ports: [{ name: 'store', ok: true }] });
  });

  it.each([
    ['is unwell', async () => ({ name: 'docker', ok: false, detail: 'no answer' }), 'no answer'],
    ['rejects', () => Promise.reject(new Error('/var/run/secret.sock')), 'the check failed'],
    [
      'throws',
      () => {
        throw new Error('/var/run/secret.sock');
      },
      'the check failed',
    ],
  ])('is degraded when a port %s, and still reports the others', async (_, probe, detail) => {
    const { status, json, text } = await openApp({ probes: [well, { probe }] }).send('GET /readyz');
    expect(status).toBe(503);
    expect(json).toMatchObject({ status: 'degraded', ports: [{ ok: true }, { ok: false, detail }] });
    expect(text).not.toContain('secret');
  });

  it('asks the ports once for all who come together or within a second', async () => {
    let asked = 0;
    const counting = {
      async probe() {
        asked++;
        return { name: 'store', ok: true };
      },
    };
    const { send } = openApp({ probes: [counting] });
    const answers = await Promise.all(Array.from({ length: 20 }, () => send('GET /readyz', { token: null })));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    await send('GET /readyz', { token: null });
    expect(asked).toBe(1);
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 1_001);
    await send('GET /readyz', { token: null });
    expect(asked).toBe(2);
    vi.restoreAllMocks();
  });
});
