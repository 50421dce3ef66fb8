import type { Context } from 'hono';
import { accepts } from 'hono/accepts';
import type { html } from 'hono/html';
import type { Env } from '../http/function.js';
import type { Asset } from './assets.js';

/** Allows what this server sends, and no scripts. */
const POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** @param policy the `Content-Security-Policy`, if not the usual one */
export function page(
  c: Context<Env>,
  content: ReturnType<typeof html> | string,
  { status = 200, policy = POLICY }: { readonly status?: 200 | 404; readonly policy?: string } = {},
): Response | Promise<Response> {
  c.header('content-security-policy', policy);
  c.header('cache-control', 'no-cache');
  return c.html(content, status);
}

/** Browsers may cache it for a year if the URL names this version. */
export function asset(c: Context<Env>, { bytes, type, version }: Asset): Response {
  const isNamed = c.req.query('v') === version;
  return c.body(bytes, 200, {
    'content-type': type,
    'cache-control': isNamed ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag: `"${version}"`,
  });
}

/** The same for a gzipped asset; clients that do not accept gzip get it unpacked. */
export async function packedAsset(
  c: Context<Env>,
  packed: Asset,
  unpacked: () => Promise<Asset['bytes']>,
): Promise<Response> {
  c.header('vary', 'accept-encoding');
  const takesGzip = accepts(c, { header: 'Accept-Encoding', supports: ['gzip'], default: '' }) === 'gzip';
  if (!takesGzip) return asset(c, { ...packed, bytes: await unpacked() });
  c.header('content-encoding', 'gzip');
  return asset(c, packed);
}
