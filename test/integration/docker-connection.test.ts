import { createHash } from 'node:crypto';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Address,
  type ConnectionOptions,
  parseAddress,
  prepareConnection,
} from '../../lib/adapters/docker/connection.js';
import { byContext } from '../../lib/adapters/docker/context.js';
import { openDocker } from '../../lib/adapters/docker/index.js';
import { sshArguments } from '../../lib/adapters/docker/ssh.js';
import { temporaryDirectory } from '../services/agents.js';

const silent = { warn: () => undefined, error: () => undefined, info: () => undefined };
const socket = (path: string): Address => ({ kind: 'socket', path });
const tcp = (host: string, port: number, tls: boolean): Address => ({ kind: 'tcp', host, port, tls });

test.each<[ConnectionOptions, Address]>([
  [{}, socket('/var/run/docker.sock')],
  [{ host: '' }, socket('/var/run/docker.sock')],
  [{ host: 'unix://' }, socket('/var/run/docker.sock')],
  [{ host: 'unix:///run/user/1000/docker.sock' }, socket('/run/user/1000/docker.sock')],
  [{ host: { socketPath: '/tmp/a b.sock' } }, socket('/tmp/a b.sock')],
  [{ host: 'npipe:////./pipe/other' }, socket('//./pipe/other')],
  [{ host: 'tcp://10.0.0.5:2375' }, tcp('10.0.0.5', 2375, false)],
  [{ host: 'tcp://10.0.0.5' }, tcp('10.0.0.5', 2375, false)],
  [{ host: 'engine.example:80' }, tcp('engine.example', 80, false)],
  [{ host: 'tcp://[::1]:2375' }, tcp('::1', 2375, false)],
  [{ host: 'tcp://engine.example', certPath: '/certificates' }, tcp('engine.example', 2376, true)],
  [
    { host: 'tcp://engine.example:4444', certPath: '/c', tlsVerify: false },
    tcp('engine.example', 4444, true),
  ],
  [{ host: 'tcp://engine.example', tlsVerify: true }, tcp('engine.example', 2376, true)],
  [{ host: 'tcp://engine.example', tlsVerify: false }, tcp('engine.example', 2375, false)],
  [{ host: 'https://engine.example' }, tcp('engine.example', 2376, true)],
  [{ host: 'http://engine.example:8080', tlsVerify: true }, tcp('engine.example', 8080, false)],
  [{ host: 'ssh://engine.example' }, { kind: 'ssh', host: 'engine.example' }],
  [
    { host: 'ssh://ops@engine.example:2222/run/docker.sock' },
    { kind: 'ssh', host: 'engine.example', port: 2222, user: 'ops' },
  ],
])('reads %j', (options, address) => {
  expect(parseAddress(options)).toEqual(address);
});

test.each([
  'tcp://',
  'ssh://',
  'tcp://engine:port',
  'tcp://engine:99999999',
  'ssh://%zz@engine',
  'gopher://engine',
  '://',
])('refuses %s without repeating it', host => {
  const error = (() => {
    try {
      return openDocker({ host, log: silent });
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(TypeError);
  expect(String(error)).not.toContain(host);
});

test('says at once that certificates cannot be read', () => {
  expect(() => openDocker({ host: 'tcp://engine', certPath: '/nonexistent', log: silent })).toThrow('ENOENT');
});

test('lets no host or user name pass for an option of ssh', () => {
  const args = sshArguments({ host: '-oProxyCommand=touch /tmp/x', user: '-v' });
  expect(args.indexOf('--')).toBe(args.indexOf('-oProxyCommand=touch /tmp/x') - 1);
  expect(args.indexOf('-l')).toBe(args.indexOf('-v') - 1);
});

describe('Without an address the engine is found as by the Docker CLI:', () => {
  const host = 'unix:///run/user/1000/docker.sock';
  const nowhere = '/nonexistent/docker.sock';

  /** A directory of the CLI's settings. */
  function settings({ current, contexts = {} }: { current?: string; contexts?: Record<string, string> }) {
    const directory = temporaryDirectory();
    const put = (path: string, content: unknown): void => {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), typeof content === 'string' ? content : JSON.stringify(content));
    };
    if (current !== undefined) put('config.json', { auths: {}, currentContext: current });
    for (const [name, Host] of Object.entries(contexts)) {
      const key = createHash('sha256').update(name).digest('hex');
      put(`contexts/meta/${key}/meta.json`, {
        Name: name,
        Metadata: {},
        Endpoints: { docker: { Host, SkipTLSVerify: false } },
      });
    }
    return { directory, put };
  }
  const found = (options: ConnectionOptions, defaultSocket = nowhere): Address =>
    parseAddress(byContext(options, defaultSocket));

  test('by the context that was chosen', () => {
    const { directory } = settings({ current: 'rootless', contexts: { rootless: host } });
    expect(found({ client: { directory } })).toEqual(socket('/run/user/1000/docker.sock'));
  });

  test('by the context that the environment names, before the one that was chosen', () => {
    const { directory } = settings({ current: 'rootless', contexts: { rootless: host, far: 'ssh://far' } });
    expect(found({ client: { directory, context: 'far' } })).toEqual({ kind: 'ssh', host: 'far' });
    expect(found({ client: { directory, context: 'default' } })).toEqual(socket(nowhere));
  });

  test('by the address, if one is given', () => {
    const { directory } = settings({ current: 'rootless', contexts: { rootless: host } });
    expect(found({ host: 'tcp://a:1', client: { directory, context: 'rootless' } })).toEqual(
      tcp('a', 1, false),
    );
  });

  test('with the certificates of the context', () => {
    const { directory, put } = settings({ current: 'tls', contexts: { tls: 'tcp://engine.example:2376' } });
    const key = createHash('sha256').update('tls').digest('hex');
    put(`contexts/tls/${key}/docker/ca.pem`, 'ca');
    expect(found({ client: { directory } })).toEqual(tcp('engine.example', 2376, true));
    expect(() => prepareConnection(byContext({ client: { directory } }, nowhere))).not.toThrow();
  });

  test('by the socket of Docker Desktop where there is no other', () => {
    const { directory, put } = settings({});
    expect(found({ client: { directory } })).toEqual(socket(nowhere));
    put('run/docker.sock', '');
    expect(found({ client: { directory } })).toEqual(socket(join(directory, 'run', 'docker.sock')));
    expect(found({ client: { directory } }, '/')).toEqual(socket('/'));
  });

  test('never by settings of another user', () => {
    const { directory } = settings({ current: 'rootless', contexts: { rootless: host } });
    chownSync(join(directory, 'config.json'), 65_534, 65_534);
    expect(found({ client: { directory } })).toEqual(socket(nowhere));
  });

  test.each(['{', '{}', '{"currentContext":1}', '{"currentContext":"gone"}'])(
    'by the default socket where the settings hold %s',
    text => {
      const { directory, put } = settings({});
      put('config.json', text);
      expect(found({ client: { directory } })).toEqual(socket(nowhere));
    },
  );

  test('and a context that was asked for and is not there is an error', () => {
    const { directory } = settings({});
    expect(() => found({ client: { directory, context: 'gone' } })).toThrow(TypeError);
  });
});
