import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFoundStop } from '../../lib/adapters/process/found.js';
import { detectors } from '../../lib/discovery/detectors/index.js';
import { createRecognition } from '../../lib/discovery/recognition.js';
import type { ProcessPin } from '../../lib/ports/recognition.js';
import { createFakeHost, type FakeHost, SELF, type Spawned } from '../fakes/host.js';

const MODULES = '/home/ann/.npm/lib/node_modules';
const CLAUDE = `${MODULES}/@anthropic-ai/claude-code/bin/claude`;
const GEMINI = `${MODULES}/.bin/gemini`;

type Kind =
  | 'claude'
  | 'gemini'
  | 'help'
  | 'grep'
  | 'editor'
  | 'multiplexer'
  | 'shell'
  | 'login'
  | 'tool'
  | 'daemon'
  | 'scrubbed'
  | 'database'
  | 'engine'
  | 'stranger';

const programs: Readonly<Record<Kind, Omit<Spawned, 'parent'>>> = {
  claude: { executable: CLAUDE, args: ['claude', '-p', 'go on'] },
  gemini: { executable: '/usr/bin/node', args: ['node', GEMINI, '-p', 'go on'] },
  help: { executable: CLAUDE, args: ['claude', '--help'] },
  grep: { executable: '/usr/bin/grep', args: ['grep', CLAUDE] },
  editor: { executable: '/usr/bin/vim', args: ['vim', CLAUDE], session: 'own' },
  multiplexer: { executable: '/usr/bin/tmux', args: ['tmux', 'new', '-d'], session: 'own' },
  shell: { executable: '/usr/bin/bash', args: ['bash'] },
  login: { executable: '/usr/bin/bash', args: ['-bash'], session: 'own' },
  tool: { executable: '/usr/bin/make', args: ['make'] },
  daemon: { executable: '/usr/bin/node', args: ['node', 'server.js'], session: 'own' },
  scrubbed: { executable: '/usr/bin/sleep', args: ['sleep', '99'], session: 'own', scrubbed: true },
  database: { executable: '/usr/lib/postgresql/15/bin/postgres', session: 'own' },
  engine: { executable: '/usr/bin/dockerd', session: 'own' },
  stranger: { executable: CLAUDE, args: ['claude'], uid: 2_000, session: 'own' },
};
/** They leave whoever started them at once. */
const LEAVES: ReadonlySet<Kind> = new Set(['multiplexer', 'database', 'engine', 'daemon', 'scrubbed']);
/** What is started below them is nobody's but its own. */
const PLACES: ReadonlySet<Kind> = new Set(['multiplexer', 'database', 'engine']);
const AGENTS: ReadonlySet<Kind> = new Set(['claude', 'gemini', 'stranger']);

const kinds = Object.keys(programs) as Kind[];

interface Act {
  readonly kind: Kind;
  /** Of those that run, who starts it. */
  readonly by: number;
  /** Ends the one that started it, if that is no agent itself and an agent's. */
  readonly orphans: boolean;
}

const acts = fc.array(
  fc.record<Act>({
    kind: fc.constantFrom(...kinds),
    by: fc.nat(),
    orphans: fc.boolean(),
  }),
  { minLength: 4, maxLength: 40 },
);

/** Starts one more process, and keeps who is really its agent. */
function act(host: FakeHost, { kind, by, orphans }: Act): void {
  const running = host.processes.filter(({ pid, state }) => (pid > SELF || pid === 2) && state === 'alive');
  const parent = running[by % Math.max(1, running.length)];
  if (parent === undefined) return;
  const program = programs[kind];
  const isStranger = kind === 'stranger';
  const isBare = isStranger || program.scrubbed === true;
  const owner = isStranger || PLACES.has(kind) ? undefined : parent.owner;
  const at = host.spawn({
    ...program,
    uid: program.uid ?? parent.uid,
    environment: {
      ...(parent.pid === 2 ? { HOME: '/home/ann' } : {}),
      // What an agent starts carries the marks of the agent.
      ...(parent.owner === parent.pid && parent.executable === CLAUDE && !isBare
        ? { CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: `s-${parent.pid}` }
        : {}),
      ...(parent.owner === parent.pid && parent.args[1] === GEMINI && !isBare ? { GEMINI_CLI: '1' } : {}),
    },
    parent: LEAVES.has(kind) || isStranger ? 1 : parent.pid,
    ...(isStranger && { scrubbed: true }),
    owner: owner ?? (AGENTS.has(kind) ? host.processes.length + 1 : undefined),
  });
  const made = host.get(at);
  if (made && owner === undefined && AGENTS.has(kind)) own(host, at);
  // Where a multiplexer is gone, its own children look as the agent's that it was started by do.
  if (orphans && parent.owner !== undefined && parent.owner !== parent.pid) host.end(parent.pid);
}

/** Its PID is known once it is there. */
function own(host: FakeHost, pid: number): void {
  const made = host.get(pid);
  if (made) Object.assign(made, { owner: pid });
}

const pinOf = ({ pid, startTime }: ProcessPin): ProcessPin => ({ pid, startTime });

test('A stop of what was found touches no process that is not the agent’s, in 200 random trees of processes', async () => {
  let stopped = 0;
  let reached = 0;
  await fc.assert(
    fc.asyncProperty(acts, acts, fc.nat(), async (before, meanwhile, which) => {
      const host = createFakeHost();
      const recognition = createRecognition({ detectors, agentVariable: 'KILLSWITCH_AGENT_ID' });
      for (const one of before) act(host, one);
      const mains = host.processes.filter(({ pid, owner }) => owner === pid);
      const main = mains[which % Math.max(1, mains.length)];
      if (main === undefined) return;
      const detector = main.args[1] === GEMINI ? 'gemini' : 'claude';
      const next = [...meanwhile];
      host.onLook = () => {
        const one = next.pop();
        if (one) act(host, one);
      };
      const stop = createFoundStop({
        recognition,
        table: host,
        signal: host.signal,
        exists: pid => host.get(pid) !== undefined,
      });
      const agent = { agentId: `${detector}-1`, detector, main: pinOf(main) };
      const { outcome } = await stop.kill(agent, { graceMs: 0, deadline: AbortSignal.timeout(20_000) });

      expect(host.signals.filter(({ process }) => process.owner !== main.pid)).toEqual([]);
      expect(outcome).toBe('dead');
      expect(host.get(main.pid)).toBeUndefined();
      const left = host.processes.filter(({ state, owner }) => state === 'stopped' && owner === main.pid);
      expect(left).toEqual([]);
      stopped += 1;
      reached += host.signals.length;
    }),
    { numRuns: 200 },
  );
  // Trees without an agent show nothing.
  expect(stopped).toBeGreaterThan(100);
  expect(reached).toBeGreaterThan(stopped * 2);
});
