import { describe, expect, it } from 'vitest';
import { openApp } from './bench.js';

const well = { probe: async () => ({ name: 'store', ok: true }) };

describe('health', () => {
  it('says that the process answers, to everybody', async () => {
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
  ])('is degraded when a port %s, and still tells of the others', async (_, probe, detail) => {
    const { status, json, text } = await openApp({ probes: [well, { probe }] }).send('GET /readyz');
    expect(status).toBe(503);
    expect(json).toMatchObject({ status: 'degraded', ports: [{ ok: true }, { ok: false, detail }] });
    expect(text).not.toContain('secret');
  });
});
