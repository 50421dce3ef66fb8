import * as z from 'zod';
import { secureUrl } from '../../lib/util/secure-url.js';

/** The URL below which a platform's API lies: https, or http to this machine. Without a slash at its end. */
export const baseUrlSchema = z
  .string()
  .refine(text => {
    const url = secureUrl(text);
    return url !== undefined && url.search === '' && url.hash === '';
  }, 'must be an https:// URL without a password or a query (http:// to this machine alone)')
  .transform(text => new URL(text).href.replace(/\/+$/, ''));

/**
 * A URL from a request, if it lies below the platform's own URL; otherwise `undefined`, because a request must not
 * choose where this process sends messages.
 * @param base a value of {@link baseUrlSchema}
 */
export function urlBelow(base: string, text: string | null | undefined): string | undefined {
  const url = text ? secureUrl(text) : undefined;
  if (!url) return undefined;
  const { origin, pathname } = new URL(base);
  const folder = pathname.endsWith('/') ? pathname : `${pathname}/`;
  return url.origin === origin && url.pathname.startsWith(folder) ? url.href : undefined;
}
