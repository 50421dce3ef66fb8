import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  concat,
  framed,
  fromBase64,
  fromBase64Url,
  fromHex,
  isEd25519,
  isFresh,
  isHmac,
  isSecret,
  signHmac,
  toBase64Url,
  toHex,
  utf8,
} from '../../../lib/util/crypto.js';

const bytes = fc.uint8Array({ maxLength: 100 });
const some = fc.uint8Array({ minLength: 1, maxLength: 100 });
/** The same with one bit turned over. */
const corrupt = (data: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(data);
  const index = at % copy.length;
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
};

const parts = fc.array(fc.oneof(bytes, fc.constant(null), fc.constantFrom('', 'é')), { maxLength: 4 });
const asHex = (all: readonly (string | Uint8Array | null)[]) =>
  all.map(part => (part === null ? null : Buffer.from(part).toString('hex')));

describe('a frame', () => {
  it('is the same for the same parts alone', () => {
    fc.assert(
      fc.property(parts, parts, (some, others) => {
        const isSame = JSON.stringify(asHex(some)) === JSON.stringify(asHex(others));
        expect(toHex(framed(some)) === toHex(framed(others))).toBe(isSame);
      }),
    );
    expect(toHex(framed(['é', null, '']))).toBe('00000002c3a9ffffffff00000000');
  });
});

describe('digits', () => {
  it('in hexadecimal come back as the bytes that they were, in capitals too', () => {
    fc.assert(
      fc.property(some, data => {
        expect(fromHex(toHex(data))).toEqual(data);
        expect(fromHex(toHex(data).toUpperCase())).toEqual(data);
        expect(toHex(data)).toBe(Buffer.from(data).toString('hex'));
      }),
    );
  });

  it.each(['', 'a', 'abc', 'xy', ' ab', 'ab ', 'ab\n', '0xab', 'a b', 'é0'])(
    'are not hexadecimal as %j',
    text => {
      expect(fromHex(text)).toBeUndefined();
    },
  );

  it('in base64 come back as the bytes that they were', () => {
    fc.assert(
      fc.property(some, data => {
        expect(fromBase64(Buffer.from(data).toString('base64'))).toEqual(data);
      }),
    );
  });

  it.each([
    '',
    'A',
    'AA',
    'AAA',
    'AA=',
    'AAA==',
    'A===',
    'AAAA=',
    ' AAAA',
    'AAAA\n',
    'AA-_',
    'AA==AAAA',
    '====',
  ])('are not base64 as %j', text => {
    expect(fromBase64(text)).toBeUndefined();
  });

  it('in base64url come back as the bytes that they were, in the text that others write', () => {
    fc.assert(
      fc.property(some, data => {
        expect(toBase64Url(data)).toBe(Buffer.from(data).toString('base64url'));
        expect(fromBase64Url(toBase64Url(data))).toEqual(data);
      }),
    );
  });

  it.each(['', 'A', 'AA=', 'AA==', ' AAA', 'AA+/', 'AA.A'])('are not base64url as %j', text => {
    expect(fromBase64Url(text)).toBeUndefined();
  });

  it('never break anything, whatever they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        for (const read of [fromHex, fromBase64, fromBase64Url]) read(text);
      }),
    );
  });
});

it('puts texts and bytes together in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(bytes, fc.string({ unit: 'grapheme' }))), parts => {
      const expected = Buffer.concat(parts.map(part => Buffer.from(part as string)));
      expect(Buffer.from(concat(...parts)).equals(expected)).toBe(true);
    }),
  );
  expect(utf8('é')).toEqual(Uint8Array.of(0xc3, 0xa9));
});

describe('an HMAC', () => {
  it.each([
    // RFC 4231, cases 1 and 2; the third is that of GitHub's manual.
    [
      new Uint8Array(20).fill(0x0b),
      'Hi There',
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    ],
    [
      'Jefe',
      'what do ya want for nothing?',
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    [
      "It's a Secret to Everybody",
      'Hello, World!',
      '757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    ],
  ])('is the known one of %#', async (key, text, digits) => {
    expect(toHex(await signHmac(key, utf8(text)))).toBe(digits);
    expect(await isHmac(key, utf8(text), fromHex(digits))).toBe(true);
    expect(await isHmac(key, utf8(`${text} `), fromHex(digits))).toBe(false);
  });

  it('is what other programs make of it, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(some, bytes, fc.nat(), async (key, data, at) => {
        const made = Uint8Array.from(createHmac('sha256', key).update(data).digest());
        expect(await isHmac(key, data, made)).toBe(true);
        expect(await isHmac(key, data, corrupt(made, at))).toBe(false);
        expect(await isHmac(key, concat(data, 'x'), made)).toBe(false);
        // A NUL at its end would be no other key (RFC 2104 section 2).
        expect(await isHmac(concat(key, 'x'), data, made)).toBe(false);
        expect(await isHmac(key, data, made.subarray(0, at % 32))).toBe(false);
        expect(await isHmac(key, data, concat(made, 'x'))).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  it('is none when it is absent, or the key is empty', async () => {
    expect(await isHmac('key', utf8(''), undefined)).toBe(false);
    const empty = Uint8Array.from(createHmac('sha256', '').update('data').digest());
    expect(await isHmac('', utf8('data'), empty)).toBe(false);
    expect(await isHmac(new Uint8Array(), utf8('data'), empty)).toBe(false);
  });
});

describe('a signature of Ed25519', () => {
  it('is the first vector of RFC 8032', async () => {
    const key =
      fromHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a') ?? new Uint8Array();
    const signature = fromHex(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    );
    expect(await isEd25519(key, new Uint8Array(), signature)).toBe(true);
    expect(await isEd25519(key, utf8('x'), signature)).toBe(false);
    expect(await isEd25519(key, new Uint8Array(), undefined)).toBe(false);
    expect(await isEd25519(key.subarray(1), new Uint8Array(), signature)).toBe(false);
    expect(await isEd25519(key, new Uint8Array(), signature?.subarray(1))).toBe(false);
  });

  it('is what other programs make of it, and nothing else', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const key = Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32));
    await fc.assert(
      fc.asyncProperty(some, fc.nat(), async (data, at) => {
        const made = Uint8Array.from(sign(null, data, privateKey));
        expect(await isEd25519(key, data, made)).toBe(true);
        expect(await isEd25519(key, corrupt(data, at), made)).toBe(false);
        expect(await isEd25519(key, data, corrupt(made, at))).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  it('is none under bytes that are no key', async () => {
    const length = { minLength: 32, maxLength: 32 };
    const signature = { minLength: 64, maxLength: 64 };
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(length), bytes, fc.uint8Array(signature), async (key, data, made) => {
        expect(await isEd25519(key, data, made)).toBe(false);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a shared secret', () => {
  it('is itself, and nothing else', async () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 });
    await fc.assert(
      fc.asyncProperty(text, text, async (secret, other) => {
        expect(await isSecret(secret, secret)).toBe(true);
        expect(await isSecret(other, secret)).toBe(other === secret);
        expect(await isSecret(`${secret}x`, secret)).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    [undefined, undefined],
    ['', ''],
    ['', undefined],
    [undefined, 'secret'],
    ['secret', undefined],
    ['', 'secret'],
    ['secret', ''],
  ])('is not shown by %j where it is %j', async (shown, secret) => {
    expect(await isSecret(shown, secret)).toBe(false);
  });
});

describe('a time', () => {
  it('is fresh within the tolerance, to both sides, and nowhere else', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1000, max: 2_000_000_000 }),
        fc.integer({ min: -900, max: 900 }),
        (now, off) => {
          expect(isFresh(`${now + off}`, now * 1000, 300)).toBe(Math.abs(off) <= 300);
        },
      ),
    );
  });

  it.each([
    null,
    undefined,
    '',
    ' ',
    '100junk',
    '-100',
    '+100',
    '1e2',
    '100.5',
    '0x64',
    '100, 100',
    '1'.repeat(13),
  ])('is none as %j', text => {
    expect(isFresh(text, 100_000, Number.POSITIVE_INFINITY)).toBe(false);
    expect(isFresh('100', 100_000, 0)).toBe(true);
  });
});
