import { expect, test } from 'vitest';
import { type Address, type ConnectionOptions, parseAddress } from '../../lib/adapters/docker/connection.js';
import { openDocker } from '../../lib/adapters/docker/index.js';
import { sshArguments } from '../../lib/adapters/docker/ssh.js';

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
