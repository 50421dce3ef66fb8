import { BlockList } from 'node:net';
import type { Context } from 'hono';
import { canonicalAddress } from '../../lib/util/ip-address.js';
import type { Env } from './function.js';

/** The parts of Node's request that say where it comes from. */
export interface Peer {
  readonly address: string | undefined;
  /** `X-Forwarded-For`; several headers joined by commas. */
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

/** The address of one hop, without its port. */
const hopIn = (text: string): string | undefined => {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(text) ?? [];
  return canonicalAddress(bracketed ?? plain ?? text);
};

/**
 * Determines the address of the client: the peer's; or, if the peer is a trusted proxy, the right-most hop of
 * `X-Forwarded-For` that is not a trusted proxy. Hops further left may be forged by the client. A hop that is not an
 * address ends the search at the proxy that reported it.
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

/** The same for requests that Node serves. @returns `socket` for a request on the unix socket */
export function nodeSources(trusted: readonly string[]): (c: Context<Env>) => string | undefined {
  const sourceOf = openSources(trusted);
  return ({ env }) => {
    if (env?.bySocket) return 'socket';
    const { socket, headers } = env?.incoming ?? {};
    const forwarded = [headers?.['x-forwarded-for']].flat().join(',');
    return sourceOf({ address: socket?.remoteAddress, forwarded });
  };
}
