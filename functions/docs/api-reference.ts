import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { Scalar } from '@scalar/hono-api-reference';
import { Hono } from 'hono';
import { type Asset, assetOf, versioned } from './assets.js';

export interface ApiReference {
  readonly html: string;
  /** The policy that the page needs. */
  readonly policy: string;
  /** Scalar's program, packed by gzip. */
  readonly script: Asset;
  /** The same as it is, for those who cannot unpack it. */
  unpacked(): Promise<Uint8Array<ArrayBuffer>>;
}

/** Those of the guides. */
const COLOURS = `
.light-mode { --scalar-background-1: #f6f5f3; --scalar-background-2: #fff; --scalar-background-3: #efedea;
  --scalar-border-color: #dcd8d2; --scalar-color-1: #1c1b1a; --scalar-color-2: #625e59; --scalar-color-accent: #a81a15 }
.dark-mode { --scalar-background-1: #161514; --scalar-background-2: #201e1d; --scalar-background-3: #262422;
  --scalar-border-color: #3a3735; --scalar-color-1: #eceae6; --scalar-color-2: #a5a09a; --scalar-color-accent: #ff8d84 }
`;

/** The same from this file as from a chunk of the bundle. */
const shipped = new URL('../../functions/docs/assets/api-reference.js.gz', import.meta.url);
/** In a checkout, of which no bundle was made. */
const installed = new URL(
  '../../node_modules/@scalar/fastify-api-reference/dist/js/standalone.js',
  import.meta.url,
);

const readScript = async (): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await readFile(shipped).catch(async () => promisify(gzip)(await readFile(installed))));

/**
 * Scalar writes style sheets of its own and `style` attributes into the page while it runs, which no hash can name:
 * hence the one exception, for styles. It runs no script but its own, whose call is named by its hash, and reaches
 * nothing but this server.
 */
const policyFor = (html: string): string => {
  const [, call = ''] = /<script type="text\/javascript">([\s\S]*?)<\/script>/.exec(html) ?? [];
  const hash = createHash('sha256').update(call).digest('base64');
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'unsafe-inline'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
};

/** The page that shows `/openapi.json`, with a program that comes from this server. */
export async function openApiReference(): Promise<ApiReference> {
  const packed = await readScript();
  const script = assetOf('api-reference.js', packed);
  const page = new Hono().get(
    '/',
    Scalar({
      cdn: versioned(script),
      url: '/openapi.json',
      pageTitle: 'API reference · killswitch',
      // Each of these would ask another server for something.
      withDefaultFonts: false,
      telemetry: false,
      hideClientButton: true,
      showDeveloperTools: 'never',
      agent: { disabled: true },
      favicon: '/docs/assets/icon.svg',
      authentication: { preferredSecurityScheme: 'bearer' },
      documentDownloadType: 'direct',
      theme: 'default',
      customCss: COLOURS,
    }),
  );
  const html = await (await page.request('/')).text();
  return {
    html,
    policy: policyFor(html),
    script,
    unpacked: async () => new Uint8Array(await promisify(gunzip)(packed)),
  };
}
