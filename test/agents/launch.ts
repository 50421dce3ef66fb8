import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { untilWritten } from './counters.js';
import type { Home } from './home.js';
import { programOf } from './install.js';
import { put } from './recipes/recipe.js';
import { openTerminal, type Terminal } from './terminal.js';
import type { Mode } from './tools.js';
import { enterLine } from './tracker.js';

export interface Launch {
  readonly home: Home;
  readonly mode: Mode;
  /** Where what belongs to the session is kept. */
  readonly folder: string;
  readonly repository: string;
  readonly group: string;
  readonly prompt: string;
}

export interface Launched {
  readonly pid: number;
  readonly terminal: Terminal | undefined;
  /** What it printed, or what its window shows. */
  output(): string;
  /** The exit code of a headless one, null if a signal ended it. */
  readonly exit: Promise<number | null> | undefined;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** What becomes the tool: the process ID that it writes is the tool's. */
function script({ home, mode, folder, repository, group, prompt }: Launch): string {
  const { recipe, environment } = home;
  const { headless, interactive, background } = recipe;
  const asked = { headless, shell: interactive, window: interactive, background }[mode];
  if (!asked) throw new Error(`${recipe.name} cannot be started so: ${mode}.`);
  const variables = Object.entries(environment).map(([name, value]) => quoted(`${name}=${value}`));
  return `${enterLine(group)}
cd ${quoted(repository)}
echo $$ >${quoted(join(folder, 'pid'))}
exec env -i TERM="$TERM" ${variables.join(' ')} ${[programOf(recipe), ...asked(prompt)].map(quoted).join(' ')}
`;
}

/** Starts a tool, and comes back when it has its process ID. */
export async function launch(options: Launch): Promise<Launched> {
  const { home, mode, folder } = options;
  const start = join(folder, 'start');
  put(start, script(options));
  const command = ['sh', start];
  const running =
    mode === 'shell' || mode === 'window' ? inTerminal(home, mode, command) : alone(command, folder);
  const pid = await untilWritten(
    [folder],
    () => pidIn(folder),
    10_000,
    () => `No start: ${running.output()}`,
  );
  // The end of one that hands over is not the end of its session.
  return { pid, ...running, ...(mode === 'background' && { exit: undefined }) };
}

function pidIn(folder: string): number | undefined {
  try {
    return Number(readFileSync(join(folder, 'pid'), 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function alone([file = '', ...args]: readonly string[], folder: string): Omit<Launched, 'pid'> {
  const path = join(folder, 'log');
  const log = openSync(path, 'w');
  const child = spawn(file, args, { detached: true, stdio: ['ignore', log, log], env: { TERM: 'dumb' } });
  closeSync(log);
  const exit = once(child, 'exit').then(([code]) => code as number | null);
  return {
    terminal: undefined,
    output: () => readFileSync(path, 'utf8'),
    exit,
  };
}

function inTerminal(home: Home, mode: Mode, command: readonly string[]): Omit<Launched, 'pid'> {
  const terminal = mode === 'window' ? openTerminal(home, command.join(' ')) : openTerminal(home);
  if (mode === 'shell') terminal.type(command.join(' '));
  return { terminal, output: () => terminal.screen(), exit: undefined };
}
