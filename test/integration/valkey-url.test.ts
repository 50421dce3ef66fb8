import { describe, expect, it } from 'vitest';
import { openValkey } from '../../lib/adapters/valkey/index.js';
import { parseStoreUrl } from '../../lib/adapters/valkey/url.js';

describe('the URL of the store', () => {
  it.each([
    ['redis://h', { kind: 'single', endpoint: { host: 'h', port: 6379 }, tls: false, db: 0 }],
    ['redis://h:1/', { kind: 'single', endpoint: { host: 'h', port: 1 }, tls: false, db: 0 }],
    ['rediss://[::1]:7000/3', { kind: 'single', endpoint: { host: '::1', port: 7000 }, tls: true, db: 3 }],
    [
      'redis://bob:p%40ss%3A%2F@h:7000',
      {
        kind: 'single',
        endpoint: { host: 'h', port: 7000 },
        tls: false,
        db: 0,
        username: 'bob',
        password: 'p@ss:/',
      },
    ],
    [
      'redis+sentinel://:secret@a:1,b/main%20one/2?sentinelUsername=s&sentinelPassword=p%26q',
      {
        kind: 'sentinel',
        sentinels: [
          { host: 'a', port: 1 },
          { host: 'b', port: 26379 },
        ],
        master: 'main one',
        db: 2,
        sentinel: { username: 's', password: 'p&q' },
        password: 'secret',
      },
    ],
    [
      'redis+sentinel://a/main',
      {
        kind: 'sentinel',
        sentinels: [{ host: 'a', port: 26379 }],
        master: 'main',
        db: 0,
        sentinel: {},
      },
    ],
    [
      'redis+cluster://bob:x@a:1,b:2',
      {
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
        username: 'bob',
        password: 'x',
      },
    ],
  ])('is understood: %s', (url, address) => {
    expect(parseStoreUrl(url)).toEqual(address);
  });

  it.each([
    ['', 'cannot be parsed'],
    ['http://:hunter2@h', 'cannot be parsed'],
    ['redis://', 'cannot be parsed'],
    ['redis://:hunter2@h:0', 'has a host or a port that is not valid'],
    ['redis://:hunter2@h:65536', 'has a host or a port that is not valid'],
    ['redis://:hunter2@h:1:2', 'has a host or a port that is not valid'],
    ['redis://:hunter2@a,b', 'has several hosts'],
    ['redis://:hunter2@h/one', 'has a database that is not a number'],
    ['redis://:hunter2@h?db=1', 'has parameters'],
    ['redis://:hunter2%@h', 'has a broken percent-encoding'],
    ['redis://hunter2@h', 'has a user without a password'],
    ['redis+sentinel://:hunter2@a:1', 'does not name the master'],
    ['redis+sentinel://:hunter2@a:1/main/0/x', 'does not name the master'],
    ['redis+sentinel://:hunter2@a:1,/main', 'has a host or a port that is not valid'],
    ['redis+sentinel://:hunter2@a:1/main?hunter2=1', 'has parameters that are not known'],
    ['redis+cluster://:hunter2@a:1/1', 'names a database, of which a cluster has one only'],
  ])('is refused with one clear error that has no secret: %j', (url, why) => {
    expect(() => openValkey({ url, keyPrefix: '{x}:' })).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        message: expect.stringMatching(new RegExp(`^The URL of the store ${why}; (?!.*hunter2)`)),
      }),
    );
  });

  it.each(['orchestrator:', '{}orchestrator:', '}x{', '{x', ''])(
    'of a cluster is refused with a prefix without a hash tag: %j',
    keyPrefix => {
      expect(() => openValkey({ url: 'redis+cluster://127.0.0.1:1', keyPrefix })).toThrow(
        'On a cluster the key prefix must have a hash tag, as in {orchestrator}:',
      );
    },
  );
});
