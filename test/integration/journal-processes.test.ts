import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { createJournal } from '../../lib/adapters/state/journal/index.js';
import { temporaryDirectory } from '../services/agents.js';

const script = join(import.meta.dirname, '../conformance/journal-writer.ts');
const textOf = (id: string): string => id.repeat(20_000);

function start(directory: string, name: string): ChildProcessByStdio<null, Readable, null> {
  const writer = spawn(process.execPath, ['--import', 'tsx', script, directory, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void writer.kill('SIGKILL'));
  return writer;
}

/** Lets a writer run until it has said so many IDs, kills it at a moment of chance, and gives all that it said. */
async function runUntil(writer: ReturnType<typeof start>, count: number): Promise<string[]> {
  const exit = once(writer, 'exit');
  const said: string[] = [];
  for await (const id of createInterface(writer.stdout)) {
    if (said.push(id) === count) setTimeout(() => writer.kill('SIGKILL'), Math.random() * 5);
  }
  expect(await exit).toEqual([null, 'SIGKILL']);
  return said;
}

it('has every intent whole, and all that were acknowledged, however often its writers are killed', async () => {
  const directory = temporaryDirectory();
  const journal = createJournal({ directory });
  const acknowledged: string[] = [];
  for (const round of [0, 1, 2, 3]) {
    const writers = ['left', 'right'].map(name => start(directory, `${name}-${round}`));
    const said = await Promise.all(writers.map((writer, n) => runUntil(writer, 5 + 3 * n)));
    acknowledged.push(...said.flat());
    const found = await journal.read();
    expect(found.filter(({ id, text }) => text !== textOf(id))).toEqual([]);
    expect(acknowledged.filter(id => !found.some(intent => intent.id === id))).toEqual([]);
  }
  expect(await journal.probe()).toMatchObject({ ok: true });
});

it('is emptied by one process while another one writes, and nothing is lost in between', async () => {
  const directory = temporaryDirectory();
  const journal = createJournal({ directory });
  const writer = start(directory, 'w');
  const taken: string[] = [];
  const take = async (): Promise<void> => {
    for (const { id, text } of await journal.read()) {
      expect(text).toBe(textOf(id));
      taken.push(id);
      await journal.remove(id);
    }
  };
  const saying = runUntil(writer, 30);
  while (writer.exitCode === null && writer.signalCode === null) await take();
  const said = await saying;
  await take();
  expect(said.filter(id => !taken.includes(id))).toEqual([]);
  expect(new Set(taken).size).toBe(taken.length);
  expect(await journal.read()).toEqual([]);
});
