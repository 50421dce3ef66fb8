import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalAddress, networkOf } from '../../../lib/util/ip-address.js';

describe('an address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:cb00:7107', '203.0.113.7'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::', '::'],
    ['::1', '::1'],
  ])('%s is written %s', (given, written) => {
    expect(canonicalAddress(given)).toBe(written);
  });

  it.each([
    '',
    'unknown',
    '127.1',
    '0x7f.0.0.1',
    '256.0.0.1',
    '1.2.3.4:80',
    '[::1]',
    '::1]/x',
    '1::2::3',
    '_x',
    'a',
  ])('%j is none', given => {
    expect(canonicalAddress(given)).toBeUndefined();
  });

  it('is written the same by whichever of its spellings, and as Node writes it', () => {
    const spelt = fc.oneof(fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(spelt, text => {
        const address = canonicalAddress(text) ?? '';
        expect(isIPv4(address) || isIPv6(address)).toBe(true);
        expect(canonicalAddress(address)).toBe(address);
        expect(canonicalAddress(text.toUpperCase())).toBe(address);
        if (isIPv6(address) && !address.includes('.')) {
          expect(
            new SocketAddress({ address: text, family: 'ipv6' }).address.replace(/^::([\d.]+)$/, address),
          ).toBe(address);
        }
      }),
    );
  });

  it('never makes the reader throw, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        canonicalAddress(text);
      }),
    );
  });
});

describe('a network', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
  ])('of %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it('is the same for two addresses just where their first 64 bits are', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    const groups = fc.array(group, { minLength: 8, maxLength: 8 });
    const written = (parts: readonly number[]): string =>
      canonicalAddress(parts.map(part => part.toString(16)).join(':')) ?? '';
    fc.assert(
      fc.property(groups, groups, (one, other) => {
        fc.pre(one.slice(0, 4).some(part => part !== 0));
        const mixed = [...one.slice(0, 4), ...other.slice(4)];
        expect(networkOf(written(mixed))).toBe(networkOf(written(one)));
        const isSame = one.slice(0, 4).join() === other.slice(0, 4).join();
        expect(networkOf(written(other)) === networkOf(written(one))).toBe(isSame);
      }),
    );
  });
});
