import * as z from 'zod';

const isLoopback = (hostname: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);

const parsed = (text: string): URL | undefined => {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const { protocol, hostname, username, password } = url;
  const isPrivate = protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
  return isPrivate && username === '' && password === '' ? url : undefined;
};

/** The URL of a server, without a slash at its end: https, or http to this machine alone. */
export const baseSchema = z
  .string()
  .refine(text => {
    const url = parsed(text);
    return url !== undefined && url.search === '' && url.hash === '';
  }, 'must be an https:// URL without a password or a query (http:// to this machine alone)')
  .transform(text => new URL(text).href.replace(/\/+$/, ''));

/**
 * Where to answer, if that lies with the platform itself: the URL came in a request, and a request must not choose
 * whom this process talks to.
 * @param base as {@link baseSchema} gives it
 */
export function within(base: string, text: string | null | undefined): string | undefined {
  const url = text ? parsed(text) : undefined;
  if (!url) return undefined;
  const { origin, pathname } = new URL(base);
  const folder = pathname.endsWith('/') ? pathname : `${pathname}/`;
  return url.origin === origin && url.pathname.startsWith(folder) ? url.href : undefined;
}
