import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openDocker } from '../../lib/adapters/docker/index.js';
import { placeOf } from '../../lib/domain/debt.js';
import {
  type Answer,
  container,
  fakeEngine,
  inTurn,
  json,
  listen,
  nothing,
  openAt,
  sightless,
  silent,
  status,
  target,
  unanswered,
  unhurried,
  unrecorded,
  unusable,
  within,
} from '../fakes/docker-engine.js';
import { temporaryDirectory } from '../services/agents.js';

describe('A list call that goes wrong has a typed outcome', () => {
  test.each<[string, Answer, object]>([
    ['an answer that never begins', nothing, sightless(unanswered)],
    [
      'a body that stalls',
      response => response.writeHead(200, { 'content-length': '100' }).write('[{"Id":'),
      sightless(unanswered),
    ],
    [
      'a body that breaks off',
      response => {
        response.writeHead(200, { 'content-length': '100' }).write('[');
        setImmediate(() => response.destroy());
      },
      sightless(unusable),
    ],
    ['a connection that breaks off', response => void response.destroy(), sightless(unusable)],
    ['a body that is no JSON', response => void response.end('<html>'), sightless(unusable)],
    ['a body of another shape', json({ Id: 1 }), sightless(unusable)],
    ['an empty body', response => void response.end(), sightless(unusable)],
    ['a short ID', json([{ ...container('running'), Id: 'cccccccccccc' }]), sightless(unusable)],
    ['a 500', status(500), sightless(unusable)],
    [
      'a redirect to a host that is not there',
      response => void response.writeHead(301, { location: 'http://containers/json' }).end(),
      sightless(unusable),
    ],
    [
      'a redirect to an unknown scheme',
      response => void response.writeHead(307, { location: 'javascript:0' }).end(),
      sightless(unusable),
    ],
    [
      'a change of protocol that nobody asked for',
      (_, { socket }) => socket.write('HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
      {},
    ],
  ])('%s', async (_, list, expected) => {
    const { docker } = await fakeEngine({ list });
    const killed = await docker.kill(target, unhurried());
    expect(killed).toMatchObject({ layer: 'container', ...expected });
    expect(killed.outcome).toBe('blind');
    expect((await docker.kill(unrecorded, unhurried())).outcome).toBe('blind');
    expect((await docker.remove(target, within())).outcome).toBeOneOf(['failed', 'pending']);
    expect(await docker.probe()).toMatchObject({ ok: false, detail: expect.stringContaining('the engine') });
  });
});

test('a connection that speaks no HTTP has a typed outcome', async () => {
  const server = createNetServer(socket => {
    socket.on('error', () => undefined).end('SSH-2.0-OpenSSH\r\n');
  });
  onTestFinished(() => void server.close());
  const docker = openAt(await listen(server));
  expect(await docker.kill(target, unhurried())).toMatchObject(sightless(unusable));
});

test('what a driver says stays out of the outcome and goes to the log', async () => {
  const warn = vi.fn();
  const { docker } = await fakeEngine({ list: status(500) }, { log: { ...silent, warn } });
  expect(JSON.stringify(await docker.kill(target, unhurried()))).not.toContain('secret');
  const [{ err }] = warn.mock.calls[0] ?? [];
  expect(String(err.cause)).toContain('a secret of the engine');
});

describe('An engine that is not there', () => {
  const nowhere = (): string => join(temporaryDirectory(), 'nobody.sock');

  test('leaves this node blind where a container is recorded, for that one is owed', async () => {
    const expected = { outcome: 'failed', detail: 'the engine is not reachable' };
    const docker = openAt(nowhere());
    expect(await docker.kill(target, unhurried())).toMatchObject(sightless(expected));
    expect(await docker.remove(target, within())).toMatchObject(expected);
    expect(await docker.probe()).toEqual({
      name: 'docker',
      ok: false,
      detail: `${expected.detail}; event stream broken off; kernel path: none, stops by the engine alone`,
    });
  });

  test('is not asked where none is recorded', async () => {
    expect(await openAt(nowhere()).kill(unrecorded, unhurried())).toEqual({
      ...placeOf('docker'),
      outcome: 'skipped',
      detail: 'no container is recorded, and the engine is not reachable',
    });
  });

  test('is the same as one that this user may not use, which the outcome explains', async () => {
    const { socketPath } = await fakeEngine({});
    process.seteuid?.(65_534);
    onTestFinished(() => process.seteuid?.(0));
    const docker = openAt(socketPath);
    const advice = 'this user may not use the socket of the engine: run as root or as a member of its group';
    expect(await docker.kill(unrecorded, unhurried())).toMatchObject({
      outcome: 'skipped',
      detail: `no container is recorded, and ${advice}`,
    });
    expect(await docker.scan()).toEqual({ seen: [] });
    expect(await docker.kill(target, unhurried())).toMatchObject({ outcome: 'blind', detail: advice });
    expect(await docker.probe()).toMatchObject({ ok: false, detail: expect.stringContaining(advice) });
  });

  test('leaves this node blind once it has answered, until the machine is booted again', async () => {
    const stateDirectory = temporaryDirectory();
    const { docker, socketPath } = await fakeEngine({ list: json([]) }, { stateDirectory });
    expect(await docker.kill(unrecorded, unhurried())).toMatchObject({ outcome: 'notFound' });
    await docker.close();
    rmSync(socketPath);
    expect(await docker.kill(unrecorded, unhurried())).toMatchObject({ outcome: 'blind' });
    const next = openAt(socketPath, { stateDirectory });
    expect(await next.scan()).toEqual({ seen: [], blind: 'the engine is not reachable' });
    expect(await next.kill(unrecorded, unhurried())).toMatchObject({ outcome: 'blind' });
    const file = join(stateDirectory, 'containers.json');
    const kept = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...kept, boot: 'another' }));
    const later = openAt(socketPath, { stateDirectory });
    expect(await later.scan()).toEqual({ seen: [] });
    expect(await later.kill(unrecorded, unhurried())).toMatchObject({ outcome: 'skipped' });
  });

  test.each(['', '{', '{"of":1}', '{"containers":[["x"]]}'])(
    'is not made up for by a file of what was known that holds %j',
    async text => {
      const stateDirectory = temporaryDirectory();
      writeFileSync(join(stateDirectory, 'containers.json'), text);
      expect(await openAt(nowhere(), { stateDirectory }).kill(unrecorded, unhurried())).toMatchObject({
        outcome: 'skipped',
      });
    },
  );

  test('is the same when its port is closed', async () => {
    const server = createNetServer();
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise(resolve => server.close(resolve));
    const docker = openDocker({ host: `tcp://localhost:${port}`, log: silent });
    expect(await docker.kill(unrecorded, unhurried())).toMatchObject({ outcome: 'skipped' });
  });
});

describe('A list call that hangs', () => {
  test('delays no later caller, and answers no other one', async () => {
    let release: () => void = nothing as () => void;
    const hold: Answer = (response, request) => {
      release = () => json([])(response, request);
    };
    const list = inTurn(hold, json([container('running')]));
    const { docker, calls } = await fakeEngine({ list }, { callDeadlineMs: 10_000 });
    const first = docker.kill(unrecorded, unhurried());
    await vi.waitFor(() => expect(calls).toEqual(['list']));
    expect(await docker.kill(unrecorded, unhurried())).toMatchObject({ outcome: 'dead' });
    release();
    expect(await first).toMatchObject({ outcome: 'alreadyGone' });
  });
});
