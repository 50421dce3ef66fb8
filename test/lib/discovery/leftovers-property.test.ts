import fc from 'fast-check';
import { expect, it } from 'vitest';
import { kinshipOf } from '../../../lib/discovery/kinship.js';
import { leftoversIn } from '../../../lib/discovery/leftovers.js';
import type { ProcessInfo } from '../../../lib/ports/process-table.js';
import { CLAUDE, CODEX, MODULES, NODE, process, VARIABLE, view } from './table.helper.js';

const FIRST = 10;

/** Programs, and the arguments that they are called with. */
const programs: readonly (readonly [string, readonly string[]])[] = [
  ['/usr/bin/sleep', ['sleep']],
  [NODE, ['node', 'server.js']],
  ['/usr/bin/bash', ['-bash']],
  ['/usr/bin/tmux', ['tmux']],
  ['/usr/bin/vim', ['vim']],
  ['/usr/bin/redis-server', ['redis-server']],
  ['/usr/lib/systemd/systemd', ['systemd', '--user']],
  [CLAUDE, ['claude']],
  [CODEX, ['codex']],
  [NODE, ['node', `${MODULES}/.bin/gemini`]],
];
const one = fc.record({
  program: fc.nat({ max: programs.length - 1 }),
  // An earlier process, or PID 1.
  parent: fc.option(fc.nat(), { freq: 3 }),
  claude: fc.option(fc.record({ session: fc.constantFrom('s-1', 's-2'), main: fc.nat() })),
  codex: fc.option(fc.constantFrom('c-1', 'c-2')),
  gemini: fc.boolean(),
  id: fc.option(fc.constantFrom('over', 'runs', 'unknown')),
});
const tree = fc.array(one, { minLength: 1, maxLength: 14 }).map(all =>
  all.map<ProcessInfo>(({ program, parent, claude, codex, gemini, id }, at) => {
    const [executable, args] = programs[program] ?? ['', []];
    return process({
      pid: FIRST + at,
      parentPid: parent === null || at === 0 ? 1 : FIRST + (parent % at),
      executable,
      args,
      environment: {
        ...(claude && {
          CLAUDECODE: '1',
          CLAUDE_CODE_SESSION_ID: claude.session,
          CLAUDE_PID: String(FIRST + (claude.main % (all.length + 3))),
        }),
        ...(codex && { CODEX_SESSION_ID: codex }),
        ...(gemini && { GEMINI_CLI: '1' }),
        ...(id && { [VARIABLE]: id }),
      },
    });
  }),
);

it('never is a process of an agent that runs, what one descends from, or a bystander', () => {
  fc.assert(
    fc.property(tree, fc.nat(), (processes, own) => {
      const self = FIRST + (own % (processes.length + 1));
      const host = view(processes, self);
      const { leftovers } = leftoversIn(host, {
        now: 10_000_000,
        olderThan: 0,
        recordOf: id =>
          id === 'over' ? { status: 'failed' } : id === 'runs' ? { status: 'running' } : undefined,
      });
      const kinship = kinshipOf(host);
      for (const { pid, startTime } of leftovers.flatMap(left => left.processes)) {
        const left = host.find({ pid, startTime });
        if (left === undefined) throw new Error('it is no process of this host');
        const line = [left, ...host.ancestorsOf(left)];
        const byRecord = line.some(({ environment }) => environment[VARIABLE] === 'over');
        expect(host.isOurs(left)).toBe(false);
        expect(host.isPlaceOfPeople(left)).toBe(false);
        expect(left.executable).not.toMatch(/systemd$/);
        const running = host.descendantsOf(left).concat(left);
        for (const below of running) {
          const label = host.labelOf(below);
          // What a user's systemd was started with, all that it starts carries.
          const isPassedOn = [below, ...host.ancestorsOf(below)].some(
            one => one.executable?.endsWith('systemd') && one.environment[VARIABLE] === label,
          );
          if (!isPassedOn) expect(['runs', 'unknown']).not.toContain(label);
          // An agent that runs although its record has ended is ended with what it stands in.
          if (!byRecord && label !== 'over') expect(host.toolOf(below)).toBeUndefined();
        }
        // The main that its environment names is gone.
        const main = host.get(Number(left.environment['CLAUDE_PID']));
        const isMain = main !== undefined && host.toolOf(main) !== undefined && main.pid < pid;
        if (!byRecord) expect(isMain && line.at(-1) === left).toBe(false);
        const owner = kinship.descentOf(left) ?? kinship.markedBy(left);
        if (!byRecord && owner) expect(owner.label).toBe('over');
      }
    }),
    { numRuns: 2_000 },
  );
});
