import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { match } from '../../../lib/discovery/match.js';
import { membersOf } from '../../../lib/discovery/members.js';
import type { ProcessInfo } from '../../../lib/ports/process-table.js';
import { CLAUDE, CODEX, LABEL, MODULES, NODE, process, view } from './table.helper.js';

const MARKS = {
  CLAUDECODE: '1',
  CLAUDE_CODE_SESSION_ID: 's-1',
  CLAUDE_PID: '1000',
  CODEX_SESSION_ID: 'c-1',
  GEMINI_CLI: '1',
};

/** What people run, as a function of its PID; each may have inherited every mark by way of a multiplexer. */
const bystanders: Record<string, (pid: number) => Partial<ProcessInfo>> = {
  'a login shell': () => ({ executable: '/usr/bin/bash', args: ['-bash'] }),
  'an editor with a file of that name': () => ({ executable: '/usr/bin/vim.basic', args: ['vim', 'claude'] }),
  'an editor with the script of a tool': () => ({
    executable: '/usr/bin/vim',
    args: ['vim', `${MODULES}/@openai/codex/bin/codex.js`],
  }),
  'a search for the name': () => ({ executable: '/usr/bin/grep', args: ['grep', '-r', 'claude'] }),
  'the server of a multiplexer': () => ({
    executable: '/usr/bin/tmux',
    args: ['tmux', 'new'],
    environment: MARKS,
  }),
  'a pane of a multiplexer': () => ({ executable: '/bin/zsh', args: ['-zsh'], environment: MARKS }),
  'an SSH server': () => ({ executable: '/usr/sbin/sshd', args: ['sshd: ann@pts/0'], uid: 0 }),
  'a database': () => ({
    executable: '/usr/lib/postgresql/15/bin/postgres',
    args: ['postgres', '-D', '/var/lib'],
  }),
  'a person’s call for help': () => ({ executable: CLAUDE, args: ['claude', '--help'] }),
  'a program that was given a tool’s script': () => ({
    executable: NODE,
    args: ['node', 'lint.js', `${MODULES}/@openai/codex/bin/codex.js`],
  }),
  'a file of that name': () => ({ executable: '/home/ann/bin/claude', args: ['claude'] }),
  'what may not be read': () => ({ executable: '', args: ['claude', '-p', 'go'], isReadable: false, uid: 0 }),
};

/** The first one of each row of people is a multiplexer's server, an SSH server or the like: what is below it is people's. */
const people = fc.record({
  kinds: fc.array(fc.constantFrom(...Object.keys(bystanders)), { minLength: 1, maxLength: 4 }),
  isBelowServer: fc.boolean(),
});
const agents = fc.record({
  tool: fc.constantFrom('claude', 'codex', 'none'),
  /** The parent of each child, as its place among those before it; and whether it lost that parent. */
  children: fc.array(fc.record({ parent: fc.nat(), isLost: fc.boolean(), isScrubbed: fc.boolean() }), {
    maxLength: 8,
  }),
});

interface World {
  readonly processes: ProcessInfo[];
  /** Main of each agent, with the PIDs that are certainly its own, and those that are if they can be told. */
  readonly agents: { readonly main: ProcessInfo; readonly certain: Set<number>; readonly own: Set<number> }[];
  readonly people: Set<number>;
}

function build(
  given: readonly {
    readonly tool: string;
    readonly children: readonly { parent: number; isLost: boolean; isScrubbed: boolean }[];
  }[],
  rows: readonly { kinds: readonly string[]; isBelowServer: boolean }[],
): World {
  const world: World = { processes: [], agents: [], people: new Set() };
  let pid = 1_000;
  const add = (more: Partial<ProcessInfo>): ProcessInfo => {
    const one = process({ pid, ...more });
    pid += 1;
    world.processes.push(one);
    return one;
  };
  given.forEach(({ tool, children }, index) => {
    if (tool === 'none') return;
    const main =
      tool === 'claude'
        ? add({ executable: CLAUDE, args: ['claude'] })
        : add({ executable: CODEX, args: ['codex', 'exec'] });
    const name = tool === 'claude' ? 'CLAUDE_CODE_SESSION_ID' : 'CODEX_SESSION_ID';
    const mark = { [name]: `s-${index}` };
    const tree = [main];
    const certain = new Set([main.pid]);
    const own = new Set([main.pid]);
    for (const { parent, isLost, isScrubbed } of children) {
      const above = tree[parent % tree.length] ?? main;
      const child = add({ parentPid: isLost ? 1 : above.pid, ...(isScrubbed ? {} : { environment: mark }) });
      tree.push(child);
      own.add(child.pid);
      if (!isLost && certain.has(above.pid)) certain.add(child.pid);
    }
    world.agents.push({ main, certain, own });
  });
  for (const { kinds, isBelowServer } of rows) {
    let above = isBelowServer
      ? add({ executable: '/usr/bin/tmux', args: ['tmux'], environment: MARKS })
      : undefined;
    if (above) world.people.add(above.pid);
    for (const kind of kinds) {
      const one = add({ ...bystanders[kind]?.(pid), parentPid: above?.pid ?? 1 });
      world.people.add(one.pid);
      if (isBelowServer) above = one;
    }
  }
  return world;
}

describe('the processes of agents on a host where people work', () => {
  it('are all that an agent started, and none that is people’s or another agent’s', () => {
    fc.assert(
      fc.property(fc.array(agents, { maxLength: 4 }), fc.array(people, { maxLength: 4 }), (given, rows) => {
        const world = build(given, rows);
        const host = view(world.processes);
        expect(
          match(host, { agentLabel: LABEL })
            .map(({ pid }) => pid)
            .sort(),
        ).toEqual(expect.arrayContaining(world.agents.map(({ main }) => main.pid)));
        for (const { main, certain, own } of world.agents) {
          const found = membersOf(host, main).members.map(one => one.process.pid);
          expect(found).toEqual(expect.arrayContaining([...certain]));
          expect(found.filter(pid => !own.has(pid))).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each(Object.entries(bystanders))('are found nowhere in %s', (_, make) => {
    const host = view([process({ pid: 10, ...make(10) }), process({ pid: 11, ...make(11), parentPid: 10 })]);
    expect(match(host, { agentLabel: LABEL })).toEqual([]);
  });
});
