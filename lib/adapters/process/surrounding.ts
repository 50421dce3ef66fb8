import type { HostProcess, Program } from './table.js';

export type Kind = 'multiplexer' | 'terminal' | 'login' | 'editor' | 'shell';

/**
 * Programs that people run agents in, and that may have inherited the variable without being an agent's: the server of a
 * multiplexer that was started by the way, the login shell of a pane, an editor with a terminal in it. Known by the
 * name of the executable file, up to a version or variant that follows it (`vim.basic`, `screen-4.9.0`).
 *
 * To be in this table saves nothing by itself: what an agent started is the agent's, whatever it runs. See gather.ts.
 */
const PROGRAMS: Readonly<Record<Kind, readonly string[]>> = {
  multiplexer: ['tmux', 'screen', 'zellij', 'dtach', 'abduco', 'mosh-server', 'wezterm-mux-server'],
  terminal: [
    ...['gnome-terminal-server', 'konsole', 'xterm', 'kitty', 'alacritty', 'foot', 'ghostty'],
    ...['wezterm-gui', 'xfce4-terminal', 'terminator', 'tilix', 'ttyd'],
  ],
  login: ['sshd', 'sshd-session', 'login', 'su', 'systemd', 'gdm-session-worker', 'sddm-helper'],
  editor: [
    ...['vi', 'vim', 'nvim', 'gvim', 'emacs', 'nano', 'hx', 'helix', 'kak', 'micro'],
    ...['code', 'codium', 'cursor', 'windsurf', 'zed', 'zed-editor', 'sublime_text', 'gedit', 'kate'],
  ],
  /** Only as a login shell: as session leader, called with a hyphen before its name. */
  shell: ['sh', 'bash', 'dash', 'zsh', 'fish', 'ksh', 'mksh', 'tcsh', 'csh', 'nu', 'xonsh'],
};

/** The kernel cuts the name of a command there (proc_pid_comm(5)). */
const COMMAND_LENGTH = 15;
const kinds: ReadonlyMap<string, Kind> = new Map(
  Object.entries(PROGRAMS).flatMap(([kind, names]) => names.map(name => [name, kind as Kind] as const)),
);
const commands: ReadonlySet<string> = new Set([...kinds.keys()].map(name => name.slice(0, COMMAND_LENGTH)));

/**
 * Tells which of those programs a process runs, if any.
 * @param programOf is asked of few: only where the name of the command, which any process may change, is one of those
 */
export function kindOf(
  process: HostProcess,
  programOf: (process: HostProcess) => Program | undefined,
): Kind | undefined {
  // `tmux: server` and `tmux: client`.
  const [command = ''] = process.command?.split(': ') ?? [];
  if (!commands.has(command) && !commands.has(stem(command))) return undefined;
  const program = programOf(process);
  if (program === undefined) return undefined;
  const name = program.executable.replace(/ \(deleted\)$/, '').replace(/^.*\//, '');
  const kind = kinds.get(name) ?? kinds.get(stem(name));
  const isLogin = program.called.startsWith('-') && process.session === process.pid;
  return kind === 'shell' && !isLogin ? undefined : kind;
}

const stem = (name: string): string => name.replace(/[-.].*$/, '');
