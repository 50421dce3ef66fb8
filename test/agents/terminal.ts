import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RUN_MARK } from '../services/context.js';
import { startTimeOf } from '../services/proc.js';
import type { Home } from './home.js';
import { enterLine } from './tracker.js';

const SHELL_COMMAND = 'exec bash --norc --noprofile -i';

/** A window of a terminal multiplexer with an interactive shell, or a command of its own. */
export interface Terminal {
  /** The tmux server. */
  readonly server: number;
  /** The window's first process: the shell. */
  readonly first: number;
  /** Types a line, and the key at its end. */
  type(line: string): void;
  /** Presses a key, as tmux(1) names it: `C-c`. */
  press(key: string): void;
  resize(columns: number, rows: number): void;
  /** What the window shows. */
  screen(): string;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Opens a window in the home's tmux server, which is one of its own socket, and starts it if there is none yet. */
export function openTerminal({ folder, group, environment }: Home, command = SHELL_COMMAND): Terminal {
  const socket = join(folder, 'tmux');
  const tmux = ['tmux', '-S', socket, '-f', '/dev/null'];
  // As in a login: the variables that the agent has are set by what is typed.
  const { PATH, HOME, LANG, SHELL, [RUN_MARK]: mark } = environment;
  const env = { PATH, HOME, LANG, SHELL, TERM: 'xterm-256color', [RUN_MARK]: mark };
  const call = (...args: string[]): string => {
    const line = [...tmux, ...args].map(quoted).join(' ');
    return execFileSync('sh', ['-c', `${enterLine(group)}; exec ${line}`], { encoding: 'utf8', env }).trim();
  };
  const print = ['-P', '-F', '#{pid} #{pane_pid} #{pane_id}'];
  const isRunning = existsSync(socket);
  const opened = isRunning
    ? call('new-window', '-d', ...print, command)
    : call('new-session', '-d', '-x', '120', '-y', '40', ...print, command);
  const [server = '', pane = '', id = ''] = opened.split(' ');
  if (startTimeOf(Number(pane)) === undefined)
    throw new Error(`The first process of window ${id} ended at once.`);
  return {
    server: Number(server),
    first: Number(pane),
    type(line) {
      call('send-keys', '-t', id, '-l', line);
      call('send-keys', '-t', id, 'Enter');
    },
    press(key) {
      call('send-keys', '-t', id, key);
    },
    resize(columns, rows) {
      call('resize-window', '-t', id, '-x', String(columns), '-y', String(rows));
    },
    screen: () => call('capture-pane', '-p', '-t', id),
  };
}
