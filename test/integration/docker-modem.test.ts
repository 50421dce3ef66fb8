import { execFileSync } from 'node:child_process';
import { createServer, type RequestListener } from 'node:http';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createApi } from '../../lib/adapters/docker/api.js';
import { toContainerId } from '../../lib/adapters/docker/container-id.js';
import { type DialOptions, openModem, StatusError } from '../../lib/adapters/docker/modem.js';
import { listen } from '../fakes/docker-engine.js';

const id = toContainerId('c'.repeat(64)) as NonNullable<ReturnType<typeof toContainerId>>;

/** A modem with an engine behind it, which writes down what it is asked. */
async function modemTo(answer: RequestListener) {
  const calls: string[] = [];
  const server = createServer((request, response) => {
    calls.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  const path = await listen(server);
  const modem = openModem(() => connect({ path }));
  onTestFinished(() => {
    modem.close();
    server.closeAllConnections();
    server.close();
  });
  const dial = (options: DialOptions) =>
    new Promise((resolve, reject) => {
      modem.dial(options, (error, answer) => (error === undefined ? resolve(answer) : reject(error)));
    });
  return { modem, api: createApi(modem), dial, calls };
}

test('dockerode’s own calls of a container go out as the engine’s API has them', async () => {
  const { api, calls } = await modemTo((_, response) => void response.writeHead(204).end());
  const container = api.getContainer(id);
  const abortSignal = AbortSignal.timeout(20_000);
  await container.kill({ signal: 'SIGKILL', abortSignal });
  await container.unpause({ abortSignal });
  await container.remove({ force: true, v: true, abortSignal });
  expect(calls).toEqual([
    `POST /containers/${id}/kill?signal=SIGKILL`,
    `POST /containers/${id}/unpause`,
    `DELETE /containers/${id}?force=true&v=true`,
  ]);
});

test('what a container has said is handed on piece by piece, not gathered first', async () => {
  const { api, calls } = await modemTo((_, response) => void response.writeHead(200).write('first'));
  const chunks = await api.getLogs(id, { stdout: true, tail: 5 });
  const { value } = await chunks[Symbol.asyncIterator]().next();
  expect(String(value)).toBe('first');
  expect(calls).toEqual([`GET /containers/${id}/logs?stdout=true&tail=5`]);
});

test('a code is a success where dockerode’s call says so, and nowhere else', async () => {
  const { dial } = await modemTo((_, response) => void response.writeHead(201).end('{"Id":1}'));
  const call = { method: 'GET', path: '/x' };
  expect(await dial({ ...call, statusCodes: { 201: true } })).toEqual({ Id: 1 });
  const failure = dial({ ...call, statusCodes: { 200: true, 201: 'created' } });
  await expect(failure).rejects.toMatchObject({ name: 'StatusError', statusCode: 201 });
  await expect(dial({ ...call, isStream: true, statusCodes: {} })).rejects.toBeInstanceOf(StatusError);
});

test('a call that needs a body is refused, and not sent without it', async () => {
  const { dial, calls } = await modemTo((_, response) => void response.end());
  const call = { method: 'POST', path: '/containers/create', statusCodes: { 200: true } } as const;
  await expect(dial({ ...call, options: { Image: 'x' } })).rejects.toBeInstanceOf(TypeError);
  expect(calls).toEqual([]);
});

test('a call settles when its signal aborts, in the middle of a body as well', async () => {
  const { dial } = await modemTo((_, response) => void response.writeHead(200).write('{'));
  const abortSignal = AbortSignal.timeout(50);
  const call = dial({ method: 'GET', path: '/x', abortSignal, statusCodes: { 200: true } });
  await expect(call).rejects.toMatchObject({ name: 'TimeoutError' });
});

test('of dockerode its containers alone are loaded: its main module brings gRPC and takes much longer', () => {
  const adapter = fileURLToPath(new URL('../../lib/adapters/docker/index.ts', import.meta.url));
  const script = `
    import { createRequire } from 'node:module';
    await import(${JSON.stringify(adapter)});
    console.log(Object.keys(createRequire(${JSON.stringify(adapter)}).cache).join('\\n'));`;
  const options = ['--import', 'tsx', '--input-type=module', '--eval', script];
  const loaded = execFileSync(process.execPath, options, { encoding: 'utf8' }).split('\n');
  expect(loaded.some(path => path.endsWith('/dockerode/lib/container.js'))).toBe(true);
  expect(
    loaded.filter(path => /\/(dockerode\/lib\/docker\.js|docker-modem|@grpc|ssh2)\b/.test(path)),
  ).toEqual([]);
});
