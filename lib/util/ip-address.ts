import * as z from 'zod';

const ipv4 = z.ipv4();
const ipv6 = z.ipv6();

/** The eight groups of an IPv6 address in the form of RFC 5952 without dots. */
function groupsOf(address: string): string[] {
  const [head = '', tail] = address.split('::').map(part => part.split(':').filter(group => group !== ''));
  if (tail === undefined) return [...head];
  return [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
}

/** The IPv4 address of an IPv4-mapped one (RFC 4291 section 2.5.5.2): `::ffff:0:0/96`. */
function mapped(address: string): string | undefined {
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address) ?? [];
  if (high === undefined || low === undefined) return undefined;
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join('.');
}

/**
 * The canonical text of an IP address: IPv4 in four decimal parts, IPv6 by RFC 5952 without its zone, an IPv4-mapped one
 * as IPv4. `undefined` if the text is not an IP address.
 */
export function canonicalAddress(text: string): string | undefined {
  const bare = text.replace(/%[^%]{1,64}$/, '');
  if (ipv4.safeParse(bare).success) return bare;
  if (!ipv6.safeParse(bare).success || !URL.canParse(`http://[${bare}]/`)) return undefined;
  const address = new URL(`http://[${bare}]/`).hostname.slice(1, -1);
  return mapped(address) ?? address;
}

/** The network to count a caller by: its IPv4 address, or the /64 of its IPv6 address, which one subscriber owns. */
export const networkOf = (address: string): string =>
  address.includes(':') ? `${groupsOf(address).slice(0, 4).join(':')}::/64` : address;
