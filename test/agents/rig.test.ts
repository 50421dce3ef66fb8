import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { signal } from '../services/proc.js';
import { staysStill, untilAllGrow } from './counters.js';
import { openHome } from './home.js';
import { aliveOf, countersOf, type Session, speakersOf, startSession, staysDead } from './session.js';
import { openTerminal } from './terminal.js';
import { tools } from './tools.js';

const [tool] = tools;
if (!tool) throw new Error('There is no tool.');

/** Signals all that a session started, until it starts nothing more. */
function signalAll(session: Session, name: NodeJS.Signals): void {
  const reached = new Set<number>();
  for (;;) {
    const others = aliveOf(session).filter(({ pid }) => !reached.has(pid));
    if (others.length === 0) return;
    for (const { pid, startTime } of others) {
      signal(pid, startTime, name);
      reached.add(pid);
    }
  }
}

describe('the rig', () => {
  it('sees counters stand still while all processes of a session are stopped, and go on after that', async () => {
    const session = await startSession(await openHome(tool), 'headless');
    const counters = await session.untilAtWork();
    await expect(staysStill(counters, 5_000)).rejects.toThrow(
      /Written during 5000 ms: (foreground|background|session|scrubbed|mcp)/,
    );
    signalAll(session, 'SIGSTOP');
    await staysStill(counters, 1_000);
    await expect(untilAllGrow(counters, 500)).rejects.toThrow(/Not written for 500 ms: .*mcp/);
    signalAll(session, 'SIGCONT');
    await untilAllGrow(counters);
  });

  it('sees what outlives the agent itself', async () => {
    const session = await startSession(await openHome(tool), 'headless');
    const counters = await session.untilAtWork();
    for (const { pid, startTime } of aliveOf(session))
      if (speakersOf(session).includes(pid)) signal(pid, startTime, 'SIGKILL');
    expect(await session.exit).toBe(null);
    await expect(staysDead(session, 10_000)).rejects.toThrow(/count\.sh/);
    await untilAllGrow(counters.filter(({ name }) => name === 'session' || name === 'scrubbed'));
  });

  it('tells two sessions of one home apart', async () => {
    const home = await openHome(tool);
    const [first, second] = [await startSession(home, 'headless'), await startSession(home, 'headless')];
    await Promise.all([first.untilAtWork(), second.untilAtWork()]);
    expect(speakersOf(first)).not.toEqual(speakersOf(second));
    first.end();
    await staysDead(first, 1_000);
    await untilAllGrow(countersOf(second));
    await expect(staysDead(second, 1_000)).rejects.toThrow('Alive: ');
    await home.close();
    expect(existsSync(home.folder)).toBe(false);
  });

  it('runs a tool as the command of a tmux window', async () => {
    const session = await startSession(await openHome(tool), 'window');
    await session.untilAtWork();
    expect(session.terminal?.first).toBe(session.pid);
  });

  it('types into a window, presses keys in it and resizes it', async () => {
    const terminal = openTerminal(await openHome(tool));
    terminal.type('echo started; sleep 100000');
    await expect.poll(terminal.screen).toMatch(/^started$/m);
    terminal.press('C-c');
    terminal.type('echo code $?');
    await expect.poll(terminal.screen).toMatch(/^code 130$/m);
    terminal.resize(90, 20);
    terminal.type('stty size');
    await expect.poll(terminal.screen).toMatch(/^20 90$/m);
  });

  it('shows what a tool printed that ended before it was at work', async () => {
    const home = await openHome({ ...tool, headless: () => ['--no-such-option'] });
    const session = await startSession(home, 'headless');
    await expect(session.untilAtWork()).rejects.toThrow(/written: nothing(.|\n)*no-such-option/);
  });
});
