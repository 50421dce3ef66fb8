import { BlockList } from 'node:net';
import type { Context } from 'hono';
import { canonicalAddress } from '../../lib/util/ip-address.js';
import type { Env } from './function.js';

/** Of Node's request, what says where it comes from. */
export interface Peer {
  readonly address: string | undefined;
  /** `X-Forwarded-For`, all of them in one. */
  readonly forwarded: string | undefined;
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (address.includes(':') ? 'ipv6' : 'ipv4');

function blockList(trusted: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of trusted) {
    const [given = '', prefix] = entry.split('/');
    const address = canonicalAddress(given) ?? given;
    if (prefix === undefined) list.addAddress(address, familyOf(address));
    else list.addSubnet(address, Number(prefix), familyOf(address));
  }
  return list;
}

/** One hop, which may come with a port. */
const hopIn = (text: string): string | undefined => {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(text) ?? [];
  return canonicalAddress(bracketed ?? plain ?? text);
};

/**
 * Says from which address a request comes: its peer's; or, where that is a trusted proxy, the right-most hop of
 * `X-Forwarded-For` that is none. What stands to the left of that was written by whoever asked. A hop that is no
 * address ends the search: the proxy before it is then all that is known.
 * @param trusted addresses and CIDR blocks
 */
export function openSources(trusted: readonly string[]): (peer: Peer) => string | undefined {
  const list = blockList(trusted);
  const isTrusted = (address: string): boolean => list.check(address, familyOf(address));
  return ({ address, forwarded = '' }) => {
    let source = canonicalAddress(address ?? '');
    const hops = forwarded === '' ? [] : forwarded.split(',');
    while (source !== undefined && isTrusted(source) && hops.length > 0) {
      const hop = hopIn(hops.pop()?.trim() ?? '');
      if (hop === undefined) break;
      source = hop;
    }
    return source;
  };
}

/** The same for the requests that Node serves. */
export function nodeSources(trusted: readonly string[]): (c: Context<Env>) => string | undefined {
  const sourceOf = openSources(trusted);
  return ({ env }) => {
    if (env?.bySocket) return 'socket';
    const { socket, headers } = env?.incoming ?? {};
    const forwarded = [headers?.['x-forwarded-for']].flat().join(',');
    return sourceOf({ address: socket?.remoteAddress, forwarded });
  };
}
