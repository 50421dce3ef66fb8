import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { unstable_readConfig as readConfig } from 'wrangler';
import { readGatewaySettings } from '../../functions/gateway/settings.js';
import { bundleWorker } from '../services/bundle.js';
import { temporaryDirectory } from '../services/temporary.js';
import { gatewayKey } from './edge-bench.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const example = join(root, 'wrangler.example.toml');
const text = readFileSync(example, 'utf8');

it('is small, and needs nothing of Node', async () => {
  const { script, inputs, imports } = await bundleWorker();
  expect(imports).toEqual([]);
  expect(script).not.toMatch(/["']node:/);
  expect(gzipSync(script).byteLength).toBeLessThan(100_000);
  const adapters = inputs.filter(path => path.startsWith('lib/adapters/'));
  expect(adapters.filter(path => !path.startsWith('lib/adapters/jose/'))).toEqual([]);
  expect(inputs.filter(path => /file-source|kept-keys|functions\/(node|start)\./.test(path))).toEqual([]);
});

it('has an example of its configuration that is whole: it is built by it, without a warning', async () => {
  const folder = temporaryDirectory();
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [
      join(root, 'node_modules/wrangler/bin/wrangler.js'),
      'deploy',
      '--dry-run',
      '--outdir',
      folder,
      '--config',
      example,
    ],
    {
      cwd: root,
      env: { PATH: process.env['PATH'], HOME: folder, WRANGLER_SEND_METRICS: 'false', CI: 'true' },
    },
  );
  expect(stderr).toBe('');
  expect(stdout).not.toMatch(/warning/i);
  expect(stdout).toContain('--dry-run: exiting now.');
  const built = readFileSync(join(folder, 'worker.js'));
  expect(gzipSync(built).byteLength).toBeLessThan(100_000);
  expect(built.toString()).not.toMatch(/from\s*["']node:/);
});

it('has an example that the gateway starts with, once its key is set', () => {
  const config = readConfig({ config: example });
  expect(config).toMatchObject({
    name: 'killswitch-gateway',
    compatibility_date: '2026-04-26',
    compatibility_flags: [],
    workers_dev: false,
    limits: { cpu_ms: 200 },
    observability: { enabled: true },
    routes: [{ pattern: 'stop.example.com', custom_domain: true }],
  });
  const { kty, crv, x, d } = gatewayKey.privateJwk;
  const settings = readGatewaySettings({
    ...config.vars,
    KILLSWITCH_GATEWAY_KEY: JSON.stringify({ kty, crv, x, d }),
  });
  expect(settings).toMatchObject({
    origins: [
      { name: 'a', url: 'https://killswitch-a.example.com' },
      { name: 'b', url: 'https://killswitch-b.example.com' },
    ],
    originTimeoutMs: 6_000,
    audience: 'killswitch',
  });
  expect(() => readGatewaySettings({ ...config.vars })).toThrow('KILLSWITCH_GATEWAY_KEY must be set');
});

it('has an example that tells how to make its key, by commands that work', async () => {
  const [, script = ''] = /--input-type=module -e "\n([^"]*)"/.exec(text) ?? [];
  const code = script.replaceAll(/^# ?/gm, '');
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]);
  const { stdout, stderr } = await run;
  const [key, set] = [JSON.parse(stdout), JSON.parse(stderr)];
  const { d, ...published } = key;
  expect(d).toHaveLength(43);
  expect(set).toEqual({ keys: [published] });
  const config = readConfig({ config: example });
  expect(() => readGatewaySettings({ ...config.vars, KILLSWITCH_GATEWAY_KEY: stdout.trim() })).not.toThrow();
});

it('has no secret, and no real address in its example', () => {
  expect(
    Object.keys(readConfig({ config: example }).vars).filter(name => /SECRET|KEY|TOKEN/.test(name)),
  ).toEqual([]);
  const hosts = [...text.matchAll(/https?:\/\/([^/\s",`]+)/g)].map(([, host]) => host);
  expect(hosts.filter(host => !host?.endsWith('example.com') && host !== 'host')).toEqual([]);
});
