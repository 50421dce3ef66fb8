/** Whether a host name, or an address as `HOST` or a URL writes it, is this machine. */
export const isLoopback = (host: string): boolean =>
  /^(localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/.test(host);

/**
 * A URL to which secrets may be sent: https, or http to this machine, and without credentials in it. `undefined` for
 * any other text.
 */
export function secureUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const { protocol, hostname, username, password } = url;
  const isProtected = protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
  return isProtected && username === '' && password === '' ? url : undefined;
}

export const isSecureUrl = (text: string): boolean => secureUrl(text) !== undefined;
