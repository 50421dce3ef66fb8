import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listen } from '../../functions/server/listen.js';
import worker from '../../functions/worker.js';
import { scopes } from '../../lib/domain/actor.js';
import {
  bearer,
  claimsWith,
  keySet,
  makeKey,
  openTestTokens,
  SECRET,
  startProvider,
} from '../fakes/identity-provider.js';
import { afterFile } from '../services/registry.js';
import { type Answer, type AnswerJson, openApp } from './bench.js';
import { expectDocumented } from './documented.js';

/** Of the gateway; its public half is what the origins trust. */
export const gatewayKey = await makeKey('EdDSA', 'gateway');

/** A killswitch on fakes that listens, and trusts the gateway alone; unless it is named it does not know its own URL. */
export async function startOrigin({ isNamed = true }: { readonly isNamed?: boolean } = {}) {
  const provider = await startProvider(keySet(gatewayKey));
  const used = new Set<string>();
  const markUsed = async (id: string) => {
    const seen = used.has(id);
    used.add(id);
    return seen ? ('seen' as const) : ('first' as const);
  };
  const recipients: string[] = [];
  const { tokens } = await openTestTokens({
    jwks: { url: provider.url },
    markUsed,
    ...(isNamed && { recipients }),
  });
  const requests: Request[] = [];
  const bench = openApp({ authenticator: tokens });
  const fetch: typeof bench.app.fetch = (request, ...more) => {
    requests.push(request);
    return bench.app.fetch(request, ...more);
  };
  const { url, close } = await listen({ fetch }, { host: '127.0.0.1', port: 0 });
  recipients.push(url);
  afterFile(async () => {
    await close();
    await tokens.close();
    await provider.die();
  });
  return { ...bench, url, requests };
}

/** Takes connections and says nothing, or always this. */
export async function startStub(answer?: { readonly status: number; readonly body: string }) {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    if (answer) response.writeHead(answer.status, { location: '/elsewhere' }).end(answer.body);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  afterFile(
    () =>
      new Promise<void>(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** Answers with JSON that does not end for as long as it is read. `ended`: the reader has gone. */
export async function startFlood(declared?: number) {
  let sent = 0;
  let end: () => void = () => undefined;
  const ended = new Promise<void>(resolve => {
    end = resolve;
  });
  const chunk = Buffer.alloc(256 * 1024, 0x20);
  const server = createServer((_request, response) => {
    response.writeHead(200, {
      'content-type': 'application/json',
      ...(declared !== undefined && { 'content-length': declared }),
    });
    const flow = (): void => {
      do sent += chunk.length;
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', flow).on('close', end);
    flow();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  afterFile(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ended, sent: () => sent };
}

export const tokenWith = (claims: Readonly<Record<string, unknown>> = {}): Promise<string> =>
  bearer(claimsWith({ scope: scopes.join(' '), ...claims }));

export type Variables = Readonly<Record<string, string | undefined>>;

/** A gateway in front of these origins, by name. */
export function openGateway(origins: Readonly<Record<string, string>>, more: Variables = {}) {
  const { kty, crv, x, d, kid } = gatewayKey.privateJwk;
  const env = {
    KILLSWITCH_ORIGINS: Object.entries(origins)
      .map(([name, url]) => `${name}=${url}`)
      .join(','),
    KILLSWITCH_GATEWAY_KEY: JSON.stringify({ kty, crv, x, d, kid }),
    KILLSWITCH_SECRET: SECRET,
    KILLSWITCH_ORIGIN_TIMEOUT: '1s',
    ...more,
  };
  const waiting: Promise<unknown>[] = [];
  const context = { waitUntil: (work: Promise<unknown>) => void waiting.push(work) };
  return {
    /** Waits for what goes on behind the answers. */
    settle: () => Promise.all(waiting),
    async send(
      line: string,
      {
        body,
        token,
        headers = {},
      }: { body?: unknown; token?: string | null; headers?: Readonly<Record<string, string>> } = {},
    ): Promise<Answer> {
      const [method = '', path = ''] = line.split(' ', 2);
      const authorization = token === undefined ? await tokenWith() : token;
      const request = new Request(`https://stop.example${path}`, {
        method,
        headers: {
          ...(authorization && { authorization }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const response = await worker.fetch(request, env, context);
      const text = await response.text();
      expectDocumented(method, path, { status: response.status, headers: response.headers, text });
      const isJson = response.headers.get('content-type')?.includes('json');
      const json = (isJson ? JSON.parse(text) : {}) as AnswerJson;
      return { status: response.status, headers: response.headers, text, json };
    },
  };
}
