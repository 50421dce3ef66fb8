import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { build } from '../services/build.js';
import { inject, RUN_MARK } from '../services/context.js';
import { settings } from '../services/server.js';
import { temporaryDirectory } from '../services/temporary.js';
import { runCli } from './cli-run.js';

vi.setConfig({ testTimeout: 90_000 });
beforeAll(() => void build(), 120_000);

/** Says what the terminal does to it, as an agent with a screen of its own would notice. */
const AGENT = `
const counts = {};
const count = what => say(what + ' ' + (counts[what] = (counts[what] ?? 0) + 1));
const say = text => process.stdout.write(text + '\\r\\n');
process.stdout.on('resize', () => say('size ' + process.stdout.getWindowSize().join('x')));
process.on('SIGINT', () => count('interrupted'));
process.on('SIGCONT', () => { if (raw) process.stdin.setRawMode(true); count('continued'); });
const raw = process.argv[2] === 'raw';
if (raw) process.stdin.setRawMode(true);
process.stdin.on('data', bytes => {
  const text = String(bytes);
  if (raw && text === '\\u001a') {
    process.stdin.setRawMode(false);
    process.kill(process.pid, 'SIGTSTP');
  } else if (raw && text === '\\u0003') count('key ^C');
  else if (text.startsWith('q')) process.exit(5);
  else say('read ' + text.trim());
});
say('ready ' + process.stdout.isTTY);
`;

/** A shell in a terminal of its own. */
function openTerminal() {
  const folder = temporaryDirectory();
  const agent = join(folder, 'agent.mjs');
  writeFileSync(agent, AGENT);
  const shell = join(folder, 'bashrc');
  writeFileSync(shell, "PS1='shell> '\n");
  const environment = { ...settings('sqlite', { KILLSWITCH_SANDBOX: 'process' }), PORT: '1' };
  const socket = `killswitch-${randomUUID()}`;
  const tmux = (...args: string[]): string =>
    spawnSync('tmux', ['-L', socket, '-f', '/dev/null', ...args], {
      encoding: 'utf8',
      env: {
        ...{ PATH: process.env['PATH'], TERM: 'xterm', LANG: 'C.UTF-8', SHELL: '/bin/bash' },
        ...{ HOME: folder, HISTFILE: '/dev/null', [RUN_MARK]: basename(inject('runFolder')) },
        ...environment,
      },
    }).stdout;
  onTestFinished(() => void tmux('kill-server'));
  tmux('new-session', '-d', '-x', '100', '-y', '30', `bash --rcfile ${shell}`);
  const screen = (): string => tmux('capture-pane', '-p', '-S', '-1000');
  const program = `'${process.execPath}' '${join(build(), 'functions/cli/main.js')}'`;
  return {
    environment,
    /** Resolves when the screen shows it. */
    shows: (wanted: string | RegExp) => expect.poll(screen, { timeout: 20_000 }).toMatch(wanted),
    /** Resolves when the shell waits for a command. */
    prompts: () => expect.poll(screen, { timeout: 20_000 }).toMatch(/^shell>\s*$(?![\s\S])/m),
    keys: (...keys: string[]) => void tmux('send-keys', ...keys),
    resize: (columns: number, lines: number) =>
      void tmux('resize-window', '-x', String(columns), '-y', String(lines)),
    line(text: string) {
      tmux('send-keys', '-l', text);
      tmux('send-keys', 'Enter');
    },
    run(id: string, how: 'raw' | 'cooked', more = '') {
      this.line(`${program} run --id ${id} ${more} -- '${process.execPath}' ${agent} ${how}`);
    },
    command: program,
  };
}

describe('an interactive agent in a terminal', () => {
  it('gets resizes, Ctrl-C and its input, and the shell its exit code', async () => {
    const terminal = openTerminal();
    terminal.run('a1', 'cooked');
    await terminal.shows('ready true');
    terminal.resize(90, 20);
    await terminal.shows('size 90x20');
    terminal.keys('C-c');
    await terminal.shows('interrupted 1');
    terminal.line('hello');
    await terminal.shows('read hello');
    terminal.line('q');
    await terminal.prompts();
    terminal.line('echo code $?');
    await terminal.shows('code 5');
  });

  it.each(['cooked', 'raw'] as const)('stops with Ctrl-Z and goes on with fg, its terminal %s', async how => {
    const terminal = openTerminal();
    terminal.run('a1', how);
    await terminal.shows('ready true');
    for (const round of [1, 2]) {
      terminal.keys('C-z');
      // What is typed before is the agent's.
      await terminal.shows(new RegExp(`(^\\[1\\]\\+ +Stopped(.*\\n)*){${round}}`, 'm'));
      terminal.line('fg');
      await terminal.shows(`continued ${round}`);
      terminal.keys('C-c');
      await terminal.shows(`${how === 'raw' ? 'key ^C' : 'interrupted'} ${round}`);
    }
    terminal.keys('q', 'Enter');
    await terminal.prompts();
    terminal.line('echo code $?');
    await terminal.shows('code 5');
  });

  it('goes on when the one PID that the shell knows is continued', async () => {
    const terminal = openTerminal();
    terminal.run('a1', 'raw');
    await terminal.shows('ready true');
    terminal.keys('C-z');
    await terminal.shows(/^\[1\]\+ +Stopped/m);
    terminal.line('kill -CONT $(jobs -p); fg');
    await terminal.shows('continued 1');
    terminal.keys('q');
    await terminal.prompts();
    terminal.line('echo code $?');
    await terminal.shows('code 5');
  });

  it('leaves a terminal that can be used when it is killed', async () => {
    const terminal = openTerminal();
    terminal.run('a1', 'raw');
    await terminal.shows('ready true');
    terminal.line('hello');
    await terminal.shows('read hello');
    await runCli(['kill', 'a1', '--local', '--reason', 'fire'], terminal.environment);
    await terminal.shows(/a1 was killed by local:\S+ at \S+: fire\./);
    terminal.line('echo code $?; stty -a | grep -o " icanon"');
    await terminal.shows(/code 137\n icanon/);
  });

  it('is run as the pane’s own command, too', async () => {
    const terminal = openTerminal();
    terminal.line(
      'exec sh -c "' +
        'stty size; ' +
        `${terminal.command.replaceAll("'", '')} run -- sh -c 'echo started; exit 3'; echo code \\$?; sleep 1000"`,
    );
    await terminal.shows(/started\n(.*\n)*code 3/);
  });
});
