import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isAlive } from '../services/proc.js';
import { openHome } from './home.js';
import { aliveIn, aliveOf, speakersOf, startSession } from './session.js';
import { modesOf, tools } from './tools.js';

const cases = tools.flatMap(tool => modesOf(tool).map(mode => [tool.name, mode, tool] as const));

describe('a real command line', () => {
  it.each(cases)('of %s comes to its shell tool and its MCP server: %s', async (_, mode, tool) => {
    const home = await openHome(tool);
    const session = await startSession(home, mode);
    const counters = await session.untilAtWork();
    expect(counters.map(({ name }) => name)).toEqual([
      'foreground',
      'background',
      'session',
      'scrubbed',
      'mcp',
    ]);
    const alive = aliveOf(session);
    const speakers = speakersOf(session);
    expect(speakers).toHaveLength(1);
    const pid = mode === 'background' ? [] : [session.pid];
    const started = [...pid, ...speakers, ...counters.map(({ pid }) => pid)];
    expect(alive.map(({ pid }) => pid)).toEqual(expect.arrayContaining(started));

    await home.close();
    expect(alive.filter(({ pid, startTime }) => isAlive(pid, startTime))).toEqual([]);
    expect(aliveIn(home)).toEqual([]);
    expect(existsSync(home.folder)).toBe(false);
    const { outside } = home.model;
    if (outside.size > 0) console.log(`${tool.name} (${mode}) was refused ${[...outside].join(', ')}`);
  });
});
