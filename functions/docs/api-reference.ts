import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { Scalar } from '@scalar/hono-api-reference';
import { Hono } from 'hono';
import { type Asset, assetOf, versioned } from './assets.js';

export interface ApiReference {
  readonly html: string;
  /** The `Content-Security-Policy` that the page needs. */
  readonly policy: string;
  /** Scalar's program, gzipped. */
  readonly script: Asset;
  /** The same, not gzipped, for clients that do not accept gzip. */
  unpacked(): Promise<Uint8Array<ArrayBuffer>>;
}

/** The colours of the guides; and the link back to them. */
const STYLES = `
.light-mode { --scalar-background-1: #f6f5f3; --scalar-background-2: #fff; --scalar-background-3: #efedea;
  --scalar-border-color: #dcd8d2; --scalar-color-1: #1c1b1a; --scalar-color-2: #625e59; --scalar-color-accent: #a81a15 }
.dark-mode { --scalar-background-1: #161514; --scalar-background-2: #201e1d; --scalar-background-3: #262422;
  --scalar-border-color: #3a3735; --scalar-color-1: #eceae6; --scalar-color-2: #a5a09a; --scalar-color-accent: #ff8d84 }
.guides { display: block; padding: 8px 16px; font: 14px system-ui, sans-serif; color: var(--scalar-color-accent) }
`;

const BODY = '<body>';
/** Above the reference, and usable without its script. */
const LINK = '<a class="guides" href="/docs">← killswitch: guides</a>';

/** The path is right both from this file and from a chunk of the bundle. */
const shipped = new URL('../../functions/docs/assets/api-reference.js.gz', import.meta.url);
/** In a checkout without a bundle. */
const installed = new URL(
  '../../node_modules/@scalar/fastify-api-reference/dist/js/standalone.js',
  import.meta.url,
);

const readScript = async (): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await readFile(shipped).catch(async () => promisify(gzip)(await readFile(installed))));

/**
 * Scalar adds style sheets and `style` attributes while it runs, which a hash cannot allow, so inline styles are allowed.
 * Only Scalar's script and the call with this hash may run, and only this server can be reached.
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

/** The page that shows `/openapi.json`; its script comes from this server. */
export async function openApiReference(): Promise<ApiReference> {
  const packed = await readScript();
  const script = assetOf('api-reference.js', packed);
  const page = new Hono().get(
    '/',
    Scalar({
      cdn: versioned(script),
      url: '/openapi.json',
      pageTitle: 'API reference · killswitch',
      // Each of these would send a request to another server.
      withDefaultFonts: false,
      telemetry: false,
      hideClientButton: true,
      showDeveloperTools: 'never',
      agent: { disabled: true },
      favicon: '/docs/assets/icon.svg',
      authentication: { preferredSecurityScheme: 'bearer' },
      documentDownloadType: 'direct',
      theme: 'default',
      customCss: STYLES,
    }),
  );
  const html = (await (await page.request('/')).text()).replace(BODY, `${BODY}\n    ${LINK}`);
  return {
    html,
    policy: policyFor(html),
    script,
    unpacked: async () => new Uint8Array(await promisify(gunzip)(packed)),
  };
}
