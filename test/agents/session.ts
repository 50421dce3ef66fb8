import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { allProcesses, type ProcessEntry, signal, startTimeOf } from '../services/proc.js';
import { type Counter, mcpIn, untilAllGrow, untilWritten, workersIn } from './counters.js';
import type { Home } from './home.js';
import { type Launched, launch } from './launch.js';
import type { ModelRequest } from './model-server.js';
import type { Mode } from './tools.js';
import { endGroup, inGroup, makeGroup } from './tracker.js';
import { WORKERS, writeWorkload } from './workload.js';

/**
 * One run of a tool, driven into its shell tool and its MCP server. `pid` is what the user's command line became: a
 * wrapper of the agent, or a client of it, in some tools.
 */
export interface Session extends Launched {
  /** What its prompt names. */
  readonly name: string;
  readonly home: Home;
  readonly mode: Mode;
  /** Its own repository, which it was started in. */
  readonly repository: string;
  /** What holds all that it started. */
  readonly group: string;
  /** Where the workers write. */
  readonly counters: string;
  /** What it asked of the model. */
  requests(): readonly ModelRequest[];
  /** Comes back when all the workers of the shell tool, and the MCP server whose tool was called, run. */
  untilAtWork(): Promise<readonly Counter[]>;
  /** Kills all that it started. */
  end(): void;
}

/** How long a tool may take to come to its shell tool, on busy cores too: the slowest takes 6 s on idle ones. */
const START_MS = 300_000;

const started = new Map<Home, number>();

/**
 * Starts the tool of a home on a prompt of the session's own, and comes back when its process runs.
 *
 * @param after what its model waits for before it says anything.
 */
export async function startSession(home: Home, mode: Mode, after?: Promise<unknown>): Promise<Session> {
  const number = (started.get(home) ?? 0) + 1;
  started.set(home, number);
  const repository = home.place.repositories[number - 1];
  if (repository === undefined) throw new Error('The home has no repository for one more session.');
  const folder = join(home.folder, `session${number}`);
  const { command, counters } = writeWorkload(folder);
  const name = `${home.recipe.name}-work-${number}`;
  const call = { tool: /touch_counter/, args: { session: name } };
  home.model.plan(name, [call, { shell: command }, { isEndless: true }], after);
  const group = makeGroup(home.group, `session${number}`);
  const prompt = `Do the work named ${name}.`;
  const launched = await launch({ home, mode, folder, repository, group, prompt });
  const session: Session = {
    ...launched,
    ...{ name, home, mode, repository, group, counters },
    requests: () => home.model.requests.filter(({ plan }) => plan === name),
    untilAtWork: () => untilAtWork(session),
    end: () => endGroup(group),
  };
  return session;
}

/** The counters of a session: of the workers, and of the MCP server whose tool it called. */
export const countersOf = ({ name, home, counters }: Session): Counter[] => [
  ...workersIn(counters),
  ...mcpIn(home.mcp, name),
];

/** Those whose process lives. */
export function runningOf(session: Session): Counter[] {
  const pids = new Set(inGroup(session.home.group));
  return countersOf(session).filter(({ pid }) => pids.has(pid));
}

/**
 * Live processes that a session started, wherever they went. What a server that sessions share has started is the one's
 * that started the server.
 */
export function aliveOf({ group }: Pick<Session, 'group'>): ProcessEntry[] {
  const pids = new Set(inGroup(group));
  return allProcesses().filter(({ pid }) => pids.has(pid));
}

/**
 * The agents themselves: the processes that asked the model for what a session's user said, whatever a detector thinks.
 * Of a tool with a server that its sessions share it is that server.
 */
export const speakersOf = (session: Session): number[] => [
  ...new Set(session.requests().flatMap(({ pid }) => pid ?? [])),
];

/** Ends the daemon that has nothing in common with its agent any more, and waits for the end of what it waited for. */
export async function endScrubbed(session: Session): Promise<void> {
  for (const { name, pid } of runningOf(session))
    if (name === 'scrubbed') signal(pid, startTimeOf(pid), 'SIGKILL');
  const left = (): ProcessEntry[] => {
    const pids = new Set(inGroup(session.home.group));
    return aliveIn(session.home).filter(({ argv, parent }) => argv[0] === '/bin/sleep' && !pids.has(parent));
  };
  await expect.poll(() => runningOf(session).filter(({ name }) => name === 'scrubbed')).toEqual([]);
  await expect.poll(left).toEqual([]);
}

/** Watches for a time: throws naming what of a session lives in it, and so what lived on or came back. */
export async function staysDead(session: Session, ms: number): Promise<void> {
  const deadline = performance.now() + ms;
  while (performance.now() < deadline) {
    const alive = [
      ...aliveOf(session).map(({ pid, argv }) => `${pid} ${argv.join(' ')}`),
      ...runningOf(session).map(({ pid, name }) => `${pid} ${name}`),
    ];
    if (alive.length > 0) throw new Error(`Alive: ${alive.join('; ')}`);
    // A process that starts is no event that could be waited for.
    await delay(200);
  }
}

/** All that was started for a home, by any of its sessions; the tmux server and its shells are among it. */
export const aliveIn = ({ group }: Home): ProcessEntry[] => aliveOf({ group });

async function untilAtWork(session: Session): Promise<readonly Counter[]> {
  const { home, counters } = session;
  const look = (): Counter[] | undefined => {
    const found = countersOf(session);
    const names = found.map(({ name }) => name);
    return [...WORKERS, 'mcp' as const].every(name => names.includes(name)) ? found : undefined;
  };
  const folders = [counters, home.mcp];
  const found = await untilWritten(folders, look, START_MS, () => tell(session), session.exit);
  await untilAllGrow(found);
  return found;
}

/** What there is to see of a session that did not come to its work. */
function tell(session: Session): string {
  const asked = session
    .requests()
    .map(({ path, calls, answer, tools }) => `${path}, ${calls} calls: ${answer} [${tools.join(' ')}]`);
  const written = countersOf(session).map(({ name }) => name);
  return [
    `${session.name} (${session.mode}) is not at work; written: ${written.join(', ') || 'nothing'}.`,
    ...['Its output:', session.output(), 'Its requests:', ...asked],
  ].join('\n');
}
