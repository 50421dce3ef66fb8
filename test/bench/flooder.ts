import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';

/** Somebody who means ill, in a process of its own: slow clients, bad tokens and bad signatures at a set rate. */
export interface Flooding {
  readonly url: string;
  readonly slowClients: number;
  /** Requests a second of each kind. */
  readonly rate: number;
}

export type FlooderCommand = Flooding | 'stop';

const TICK_MS = 10;
const AT_A_TIME = 64;
const SLOW = 'POST /agents/kill-all HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{';

const agent = new Agent({ keepAlive: true, maxSockets: AT_A_TIME });
let timer: NodeJS.Timeout | undefined;
const slow = new Set<Socket>();
let answered = 0;

process.on('message', (order: FlooderCommand) => {
  if (order === 'stop') end();
  else begin(order);
});
process.on('disconnect', () => process.exit());
process.send?.('ready');

function begin({ url, slowClients, rate }: Flooding): void {
  answered = 0;
  for (let made = 0; made < slowClients; made++) openSlow(url);
  timer = setInterval(() => {
    for (let sent = 0; sent < (rate * TICK_MS) / 1_000; sent++) {
      send(`${url}/agents/a/kill`, { authorization: 'Bearer e30.e30.AAAA' });
      send(`${url}/hooks/standard`, {
        'webhook-id': 'x',
        'webhook-timestamp': `${Math.floor(Date.now() / 1_000)}`,
        'webhook-signature': 'v1,AAAA',
      });
    }
  }, TICK_MS);
  // Once the flood is there.
  const ready = setInterval(() => {
    if (answered < rate / 10) return;
    clearInterval(ready);
    process.send?.('flooding');
  }, TICK_MS);
}

function end(): void {
  clearInterval(timer);
  timer = undefined;
  for (const socket of slow) socket.destroy();
  agent.destroy();
  process.send?.(answered);
}

function openSlow(url: string): void {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname, () => socket.write(SLOW));
  slow.add(socket);
  socket.resume().on('error', () => undefined);
  socket.once('close', () => {
    slow.delete(socket);
    // It is there again as soon as it is thrown out.
    setTimeout(() => timer && openSlow(url), TICK_MS);
  });
}

function send(url: string, headers: Record<string, string>): void {
  const sent = request(
    url,
    { method: 'POST', agent, headers: { ...headers, 'content-type': 'application/json' } },
    response => {
      response.resume();
      answered += 1;
    },
  );
  sent.on('error', () => undefined).end('{}');
}
