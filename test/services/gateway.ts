import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Miniflare } from 'miniflare';
import { keySet, makeKey } from '../fakes/identity-provider.js';
import { bundleWorker } from './bundle.js';
import { afterFile } from './registry.js';
import { type Environment, SECRET } from './server.js';
import { temporaryDirectory } from './temporary.js';

/** A gateway's own key, with the file by which origins trust it. */
export async function makeGatewayKey() {
  const key = await makeKey('EdDSA', 'gateway');
  const file = join(temporaryDirectory(), 'keys.json');
  writeFileSync(file, keySet(key));
  const { kty, crv, x, d, kid } = key.privateJwk;
  return { key, file, secret: JSON.stringify({ kty, crv, x, d, kid }) };
}

/** The Worker in the runtime of Cloudflare Workers. Answers with its URL. */
export async function startGateway(origins: string, key: string, more: Environment = {}): Promise<string> {
  const { script } = await bundleWorker();
  const runtime = new Miniflare({
    modules: [{ type: 'ESModule', path: 'worker.js', contents: script }],
    compatibilityDate: '2026-04-26',
    bindings: {
      KILLSWITCH_ORIGINS: origins,
      KILLSWITCH_GATEWAY_KEY: key,
      KILLSWITCH_SECRET: SECRET,
      ...more,
    },
    // What the Worker logs is not the tests' output.
    handleRuntimeStdio(stdout: Readable, stderr: Readable) {
      stdout.resume();
      stderr.resume();
    },
  });
  afterFile(() => runtime.dispose());
  return (await runtime.ready).origin;
}
