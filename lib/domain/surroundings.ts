/** What surrounds agents, by what it is for. */
export type Kind = 'multiplexer' | 'terminal' | 'login' | 'editor' | 'shell';

/**
 * Programs that people run agents in, and that may have inherited the variable without being an agent's: the server of a
 * multiplexer that was started by the way, the login shell of a pane, an editor with a terminal in it. Known by the
 * name of the executable file, up to a version or variant that follows it (`vim.basic`, `screen-4.9.0`).
 *
 * To be in this table saves nothing by itself: what an agent started is the agent's, whatever it runs.
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

const kinds: ReadonlyMap<string, Kind> = new Map(
  Object.entries(PROGRAMS).flatMap(([kind, names]) => names.map(name => [name, kind as Kind] as const)),
);

/** What a process runs. */
export interface Surrounding {
  /** Path of the executable file. */
  readonly executable: string;
  /** How it was called: the first argument. */
  readonly called: string;
  /** Whether it leads its session. */
  readonly isLeader: boolean;
}

/** Which of those programs a process runs, if any. */
export function kindOfProgram({ executable, called, isLeader }: Surrounding): Kind | undefined {
  const name = executable.replace(/ \(deleted\)$/, '').replace(/^.*\//, '');
  const kind = kinds.get(name) ?? kinds.get(stem(name));
  const isLogin = called.startsWith('-') && isLeader;
  return kind === 'shell' && !isLogin ? undefined : kind;
}

/** The names of all those programs. */
export const surroundingNames: readonly string[] = [...kinds.keys()];

/** A name without the version or variant that follows it. */
export const stem = (name: string): string => name.replace(/[-.].*$/, '');
