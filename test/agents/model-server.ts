import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { ownerOf } from './connections.js';
import { anthropic } from './dialects/anthropic.js';
import { chat } from './dialects/chat.js';
import type { Answer, Asked, Frame, Speech } from './dialects/dialect.js';
import { gemini } from './dialects/gemini.js';
import { responses } from './dialects/responses.js';
import { answerOf, type Step } from './model-script.js';

/** One request that reached the server, for what a test looks at and for what a failure shows. */
export interface ModelRequest {
  readonly path: string;
  /** The process that asked, if it is one of those that the server was to look among. */
  readonly pid?: number | undefined;
  /** The plan that it belongs to, if any. */
  readonly plan?: string | undefined;
  /** Names of the tools that it offers. */
  readonly tools: readonly string[];
  /** How many calls the conversation held. */
  readonly calls: number;
  readonly answer: string;
}

export interface ModelServer {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly requests: readonly ModelRequest[];
  /** `host:port` of what was asked of it as a proxy: what a tool tried to reach beside the model. All are refused. */
  readonly outside: ReadonlySet<string>;
  /** What conversations do whose user names this word. Nothing is said before `after` settles. */
  plan(word: string, steps: readonly Step[], after?: Promise<unknown>): void;
  close(): Promise<void>;
}

const DIALECTS = [anthropic, chat, responses, gemini];
const MODELS = ['scripted-model', 'gpt-5', 'gpt-4.1', 'claude-sonnet-4-5'];
/** Between two words of an endless answer. */
const PACE_MS = 500;

function writeJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function speak(response: ServerResponse, speech: Speech, isEndless: boolean): Promise<void> {
  const send = ({ event, data }: Frame): boolean =>
    response.write(`${event ? `event: ${event}\n` : ''}data: ${JSON.stringify(data)}\n\n`);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  speech.before.forEach(send);
  while (isEndless && !response.destroyed) {
    send(speech.more('and on '));
    await delay(PACE_MS, undefined, { ref: false });
  }
  speech.after.forEach(send);
  response.end(speech.last);
}

const bodyOf = (raw: string): unknown => {
  try {
    return JSON.parse(raw);
  } catch {
    return {};
  }
};

/**
 * Speaks four APIs of models on loopback; `plan` says what it answers.
 *
 * @param clients the processes among which those that ask are.
 */
export async function startModelServer(clients: () => readonly number[] = () => []): Promise<ModelServer> {
  const requests: ModelRequest[] = [];
  const outside = new Set<string>();
  const plans = new Map<string, { readonly steps: readonly Step[]; readonly after?: Promise<unknown> }>();
  const note = (path: string, answer: string): void =>
    void requests.push({ path, tools: [], calls: 0, answer });

  const converse = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // As of a proxy, a whole URL is asked for.
    if (!request.url?.startsWith('/')) {
      outside.add(new URL(request.url ?? '').host);
      return writeJson(response, {}, 403);
    }
    const path = new URL(request.url, 'http://x').pathname;
    const body = bodyOf(await text(request));
    if (/count_?tokens$/i.test(path)) return writeJson(response, { input_tokens: 10, totalTokens: 10 });
    if (request.method === 'GET' && /\/models(\/[^/]+)?$/.test(path)) {
      const data = MODELS.map(id => ({ id, object: 'model', type: 'model', display_name: id }));
      return writeJson(response, { object: 'list', data, models: [] });
    }
    const dialect = request.method === 'POST' ? DIALECTS.find(one => one.path.test(path)) : undefined;
    if (!dialect) {
      note(request.url, 'not found');
      return writeJson(response, { error: { type: 'not_found_error', message: 'not scripted' } }, 404);
    }
    const asked: Asked = dialect.read(body as never, path);
    const plan = [...plans.keys()].find(word => asked.user.includes(word));
    const answer: Answer = answerOf(asked, plans.get(plan ?? '')?.steps ?? []);
    const { tools, called } = asked;
    const pid = ownerOf(request.socket.remotePort ?? 0, clients());
    const said = answer.call ? `${answer.call.tool.name} ${JSON.stringify(answer.call.args)}` : answer.text;
    requests.push({
      path,
      pid,
      plan,
      tools: tools.map(({ name }) => name),
      calls: called.length,
      answer: said,
    });
    await plans.get(plan ?? '')?.after;
    const speech = dialect.say(asked, answer);
    if (asked.isStream) await speak(response, speech, answer.isEndless === true);
    else writeJson(response, speech.whole);
  };

  const server = createServer((request, response) => {
    // A client that ends in the middle of its request is no failure of the server.
    converse(request, response).catch(() => response.destroy());
  });
  server.on('connect', (request, socket) => {
    outside.add(request.url ?? '');
    socket.on('error', () => {}).end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  server.requestTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    outside,
    plan: (word, steps, after) => void plans.set(word, { steps, ...(after && { after }) }),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
