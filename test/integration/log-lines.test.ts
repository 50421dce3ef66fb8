import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openDescriptor } from '../../lib/adapters/log/descriptor.js';
import { type LinesOptions, openLines } from '../../lib/adapters/log/lines.js';
import { temporaryDirectory } from '../services/temporary.js';

type Outcome = string | number;

/** A place to write to that answers as it is told: an error code, or how many bytes it took. */
function open(outcomes: Outcome[] = [], options: Partial<LinesOptions> = {}) {
  let text = '';
  const held: (() => void)[] = [];
  const write: LinesOptions['write'] = (_, bytes, done) => {
    const outcome = outcomes.shift() ?? bytes.length;
    const answer = (): void => {
      if (typeof outcome === 'string') {
        done(Object.assign(new Error(outcome), { code: outcome }), 0);
        return;
      }
      text += bytes.subarray(0, outcome);
      done(null, Math.min(outcome, bytes.length));
    };
    held.push(answer);
  };
  const descriptor = { fd: -1, isPrompt: false, close: () => undefined };
  const lines = openLines({
    ...{ descriptor, write, gap: (lost, since) => `-${lost} ${since}\n` },
    ...options,
  });
  /** Answers the writes, one after another, until there is none. */
  const settle = (): void => {
    for (let answer = held.shift(); answer; answer = held.shift()) answer();
  };
  /** The same for a few seconds of tries. */
  const settleLater = (): void => {
    for (let turn = 0; turn < 4; turn++) {
      vi.advanceTimersByTime(2_000);
      settle();
    }
  };
  return { lines, settle, settleLater, text: () => text };
}

describe('the lines of a log', () => {
  beforeEach(() => void vi.useFakeTimers({ now: new Date('2026-11-22T10:00:00Z') }));
  afterEach(() => void vi.useRealTimers());

  it('are written in order, also where a write takes but a part', () => {
    const { lines, settle, text } = open([1, 2, 3]);
    for (const line of ['one\n', 'two\n', 'three\n']) lines.write(line);
    settle();
    expect(text()).toBe('one\ntwo\nthree\n');
    expect(lines.health()).toEqual({ name: 'log', ok: true, aside: true });
  });

  it.each(['ENOSPC', 'EIO', 'EPIPE', 'EDQUOT'])(
    'are tried again after %s, and it is told meanwhile',
    code => {
      const { lines, settle, settleLater, text } = open([code, code]);
      lines.write('one\n');
      settle();
      lines.write('two\n');
      expect(lines.health()).toEqual({
        name: 'log',
        ok: false,
        detail: `nothing could be written since 2026-11-22T10:00:00.000Z (${code})`,
        aside: true,
      });
      settleLater();
      expect(text()).toBe('one\ntwo\n');
      expect(lines.health()).toEqual({ name: 'log', ok: true, aside: true });
    },
  );

  it('are dropped and counted where a reader reads nothing, and the gap is told where it is', () => {
    const stuck = Array.from({ length: 40 }, () => 'EAGAIN');
    const { lines, settle, settleLater, text } = open(stuck, { mostWaiting: 40 });
    for (let n = 10; n < 30; n++) lines.write(`line ${n}\n`);
    settle();
    vi.advanceTimersByTime(2_001);
    expect(lines.health()).toMatchObject({
      ok: false,
      aside: true,
      detail: 'nothing could be written since 2026-11-22T10:00:00.000Z; 14 lines were lost',
    });
    stuck.length = 0;
    settleLater();
    lines.write('again\n');
    settle();
    const kept = [10, 11, 12, 13, 14, 15].map(n => `line ${n}\n`);
    expect(text()).toBe(`${kept.join('')}-14 2026-11-22T10:00:00.000Z\nagain\n`);
    expect(lines.health()).toMatchObject({ ok: true, detail: '14 lines were lost' });
  });

  it('are dropped where they come too fast, which is told too', () => {
    const { lines } = open([], { mostWaiting: 10 });
    for (let n = 0; n < 5; n++) lines.write('12345\n');
    expect(lines.health()).toMatchObject({
      ok: false,
      detail: expect.stringMatching(/^lines come faster .* since .*; 3 lines were lost$/),
    });
  });

  it('are waited for at the end', async () => {
    const { lines, settle, text } = open();
    lines.write('one\n');
    const closed = lines.close(60_000);
    settle();
    await closed;
    expect(text()).toBe('one\n');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('are not waited for longer than it was said', async () => {
    const { lines } = open();
    lines.write('one\n');
    const closed = lines.close(1_000);
    await vi.advanceTimersByTimeAsync(1_000);
    await expect(closed).resolves.toBeUndefined();
  });
});

it('opens a pipe so that a write which finds no room says so, and the pipe of others stays as it is', async () => {
  const path = join(temporaryDirectory(), 'pipe');
  execFileSync('mkfifo', [path]);
  const shared = openSync(path, 'r+');
  const descriptor = openDescriptor(shared);
  expect(descriptor.isPrompt).toBe(true);
  const lines = openLines({ descriptor, gap: () => '' });
  lines.write('x'.repeat(200_000));
  await expect.poll(() => lines.health().ok).toBe(false);
  // A descriptor of its own that does not wait: an empty pipe must not keep this process from filling it.
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(300_000);
  let read = 0;
  await expect
    .poll(() => {
      try {
        read += readSync(reader, buffer);
      } catch (error) {
        expect(error).toMatchObject({ code: 'EAGAIN' });
      }
      return read;
    })
    .toBe(200_000);
  await expect.poll(() => lines.health().ok).toBe(true);
  await lines.close(1_000);
  for (const fd of [reader, shared]) closeSync(fd);
});
