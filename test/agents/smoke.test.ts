import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isAlive } from '../services/proc.js';
import { openHome } from './home.js';
import { aliveIn, aliveOf, speakersOf, startSession } from './session.js';
import { modes, tools } from './tools.js';

describe.each(tools.map(tool => [tool.name, tool] as const))('%s', (_, tool) => {
  it.each(modes)('comes to its shell tool and its MCP server: %s', async mode => {
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
    const started = [session.pid, ...speakersOf(session), ...counters.map(({ pid }) => pid)];
    expect(alive.map(({ pid }) => pid)).toEqual(expect.arrayContaining(started));

    await home.close();
    expect(alive.filter(({ pid, startTime }) => isAlive(pid, startTime))).toEqual([]);
    expect(aliveIn(home)).toEqual([]);
    expect(existsSync(home.folder)).toBe(false);
    const outside = [...home.model.outside].join(', ');
    console.log(`${tool.name} (${mode}): asked in vain for ${outside || 'nothing'} outside of this machine`);
  });
});
