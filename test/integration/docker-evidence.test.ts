import { describe, expect, test, vi } from 'vitest';
import type { Evidence } from '../../lib/adapters/docker/evidence.js';
import { readLogs } from '../../lib/adapters/docker/log-tail.js';
import type { Kernel } from '../../lib/ports/kernel.js';
import {
  type Answer,
  container,
  fakeEngine,
  json,
  nothing,
  type Routes,
  status,
  target,
  unhurried,
  unrecorded,
  within,
} from '../fakes/docker-engine.js';

const exited = { Config: { Tty: false, Env: ['TOKEN=abc'] }, State: { Running: false, ExitCode: 137 } };

/** One piece of output as the engine frames it. */
function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}
const bytes =
  (...chunks: Buffer[]): Answer =>
  response => {
    response.writeHead(200);
    for (const chunk of chunks) response.write(chunk);
    response.end();
  };
const output = bytes(frame(1, 'T1 hello\n'), frame(2, 'T2 world\n'));

async function open(routes: Routes, options: { kernel?: Kernel; keep?: () => Promise<void> } = {}) {
  const kept: [id: string, agentId: string, operationId: string, evidence: Evidence][] = [];
  const keep = async (...all: (typeof kept)[number]): Promise<void> => {
    kept.push(all);
    await options.keep?.();
  };
  const list = json([container('exited')]);
  const engine = await fakeEngine(
    { inspect: json(exited), logs: output, list, ...routes },
    { evidence: { keep }, ...(options.kernel && { kernel: options.kernel }) },
  );
  return { ...engine, kept };
}

describe('The evidence of a container', () => {
  test('is fetched before its removal', async () => {
    const { docker, calls, kept } = await open({});
    expect(await docker.remove(target, within())).toMatchObject({ outcome: 'removed' });
    expect(calls).toEqual(['list', 'inspect', 'logs', 'remove']);
    const [id, agentId, operationId, seen] = kept[0] ?? [];
    expect([id, agentId, operationId]).toEqual([target.id, 'a1', 'op']);
    expect(Buffer.from(seen?.logs ?? []).toString()).toBe('stdout T1 hello\nstderr T2 world\n');
    expect(JSON.parse(seen?.inspect ?? '')).toMatchObject({
      State: { ExitCode: 137 },
      Config: { Env: ['TOKEN=[redacted]'] },
    });
  });

  test('is not asked for by a kill', async () => {
    const { docker, calls } = await open({ list: json([container('running')]) });
    await docker.kill(target, unhurried());
    expect(calls).toEqual(['list', 'SIGKILL', 'wait']);
  });

  test('is not asked for when nothing keeps it', async () => {
    const { docker, calls } = await fakeEngine({ list: json([container('exited')]) });
    await docker.remove(target, within());
    expect(calls).toEqual(['list', 'remove']);
  });

  test('is not asked for while something runs in it', async () => {
    const running = json({ ...exited, State: { Running: true } });
    const { docker, calls, kept } = await open({ inspect: running });
    await docker.remove(target, within());
    expect(calls).toEqual(['list', 'inspect', 'remove']);
    expect(kept).toEqual([]);
  });

  test.each([
    ['populated', []],
    ['empty', ['inspect', 'logs']],
  ] as const)('is asked for as the kernel says, before the engine has noticed: %s', async (life, asked) => {
    const kernel: Kernel = {
      remember: () => undefined,
      rememberOwn: () => false,
      find: async () => [],
      sweep: async () => [],
      forget: () => undefined,
      kill: () => [],
      members: () => [],
      reaches: () => false,
      freeze: async () => [],
      thaw: async () => [],
      isFrozen: () => undefined,
      look: () => life,
      probe: async () => ({ name: 'kernel', ok: true }),
    };
    const running = json({ ...exited, State: { Running: true } });
    const { docker, calls } = await open({ inspect: running }, { kernel });
    await docker.remove(target, within());
    expect(calls.slice(calls.indexOf('list') + 1)).toEqual([...asked, 'remove']);
  });

  test.each<[string, Routes, (() => Promise<void>)?]>([
    ['is not described', { inspect: nothing }],
    ['is described in odd words', { inspect: json([]) }],
    ['is gone', { inspect: status(404) }],
    ['has no readable logs', { logs: status(501) }],
    ['has logs that stall', { logs: response => void response.writeHead(200).write(frame(1, 'begun\n')) }],
    ['cannot be kept', {}, () => Promise.reject(new Error('disk full'))],
    ['is being kept for ever', {}, () => new Promise(() => undefined)],
  ])('holds up no removal for long when it %s', async (_, routes, keep) => {
    const { docker } = await open(routes, keep ? { keep } : {});
    expect(await docker.remove(target, within())).toMatchObject({ outcome: 'removed' });
  });

  test('is kept as far as it came', async () => {
    const stalls: Answer = response => void response.writeHead(200).write(frame(1, 'begun\n'));
    const { docker, kept } = await open({ logs: stalls });
    await docker.remove(target, within());
    await vi.waitFor(() => expect(kept).toHaveLength(1));
    expect(Buffer.from(kept[0]?.[3].logs ?? []).toString()).toBe('stdout begun\n');
  });

  test('is not asked for again of an engine that does not answer: it costs its time once', async () => {
    const ids = Array.from({ length: 64 }, (_, at) => at.toString(16).padStart(64, '0'));
    const list = json(ids.map(Id => ({ ...container('exited'), Id })));
    const { docker, calls } = await open({ list, inspect: nothing });
    expect(await docker.remove(unrecorded, within())).toMatchObject({ outcome: 'removed' });
    expect(calls.filter(call => call === 'inspect')).toHaveLength(16);
    expect(calls.filter(call => call === 'remove')).toHaveLength(64);
  });

  test('of a terminal is its output as it is', async () => {
    const raw = bytes(Buffer.from('T1 \x01\0\0\0 raw\n'));
    const { docker, kept } = await open({ inspect: json({ ...exited, Config: { Tty: true } }), logs: raw });
    await docker.remove(target, within());
    expect(Buffer.from(kept[0]?.[3].logs ?? []).toString()).toBe('T1 \x01\0\0\0 raw\n');
  });
});

describe('The last words of a container', () => {
  async function* from(...chunks: Buffer[]): AsyncGenerator<Buffer> {
    yield* chunks;
  }
  const read = async (framed: boolean, ...chunks: Buffer[]): Promise<string> =>
    Buffer.from(await readLogs(from(...chunks), { framed })).toString();

  test('are read however their pieces are cut', async () => {
    const whole = Buffer.concat([frame(1, 'one\n'), frame(2, 'two'), frame(1, 'three\n')]);
    for (let size = 1; size <= whole.length; size += 1) {
      const chunks = Array.from({ length: Math.ceil(whole.length / size) }, (_, at) =>
        whole.subarray(at * size, (at + 1) * size),
      );
      expect(await read(true, ...chunks)).toBe('stdout one\nstderr two\nstdout three\n');
    }
  });

  test.each([true, false])('are the last mebibyte at most (in frames: %s)', async framed => {
    const line = (at: number): string => `${String(at).padStart(8, '0')}${'x'.repeat(8_000)}\n`;
    const pieces = Array.from({ length: 400 }, (_, at) =>
      framed ? frame(1, line(at)) : Buffer.from(line(at)),
    );
    const text = await read(framed, ...pieces);
    expect(text.length).toBeLessThanOrEqual(1 << 20);
    expect(text.length).toBeGreaterThan(1_000_000);
    expect(text.endsWith(line(399))).toBe(true);
  });

  test('end where the frames make no sense any more', async () => {
    const bad = Buffer.concat([frame(1, 'one\n'), Buffer.from([1, 0, 0, 0, 255, 255, 255, 255])]);
    const pieces = Array.from({ length: 30 }, () => Buffer.alloc(1 << 16));
    expect(await read(true, bad, ...pieces)).toBe('stdout one\n');
  });
});
