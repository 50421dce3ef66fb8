/**
 * A server of the Model Context Protocol over standard input and output, with one tool, `touch_counter`. Its argument is
 * a folder, in which it writes to a file named after its process ID as the workload does, and `called` with the name of
 * the session that calls the tool. It goes on when its input ends, as a server does that has a port open.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly protocolVersion?: string; readonly arguments?: { readonly session?: string } };
}

const file = join(process.argv[2] ?? '.', String(process.pid));
const note = (line: string): void => appendFileSync(file, `${line}\n`);
let count = 0;
setInterval(() => note(`${process.pid} ${count++}`), 100);

const TOOL = {
  name: 'touch_counter',
  description: 'Writes a line.',
  inputSchema: { type: 'object', properties: { session: { type: 'string' } }, required: ['session'] },
};

function resultOf({ method, params }: Message): object | undefined {
  if (method === 'initialize')
    return {
      protocolVersion: params?.protocolVersion ?? '2025-06-18',
      capabilities: { tools: {} },
      serverInfo: { name: 'counter', version: '1.0.0' },
    };
  if (method === 'tools/list') return { tools: [TOOL] };
  if (method === 'ping') return {};
  if (method !== 'tools/call') return undefined;
  note(`called ${params?.arguments?.session}`);
  return { content: [{ type: 'text', text: 'Written.' }] };
}

const answer = (message: Message): void => {
  const { id } = message;
  if (id === undefined) return;
  const result = resultOf(message);
  const rest = result ? { result } : { error: { code: -32601, message: 'There is no such method.' } };
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...rest })}\n`);
};

// The other end may be gone, and this server stays.
process.stdout.on('error', () => {});
createInterface({ input: process.stdin }).on('line', line => {
  try {
    answer(JSON.parse(line));
  } catch {
    // Not a message.
  }
});
