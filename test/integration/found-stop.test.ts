import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createEnclosures } from '../../lib/adapters/cgroup/enclosures.js';
import { claude } from '../../lib/discovery/detectors/claude.js';
import { temporaryDirectory } from '../services/agents.js';
import { isAlive, signal, startTimeOf } from '../services/proc.js';
import { clearCgroup, freezer, unified } from './cgroup.helper.js';
import {
  claudeIn,
  codexIn,
  type FakeTool,
  foundRecord,
  foundSandbox,
  installTool,
  scriptIn,
  start,
} from './found.helper.js';
import { atOnce, type Running } from './process.helper.js';

const alive = (said: Readonly<Record<string, Running>>): string[] =>
  Object.entries(said).flatMap(([name, { pid, startTime }]) => (isAlive(pid, startTime) ? [name] : []));

const WAIT = 'sleep 600 & wait';

describe('The stop of an agent that a detector found', () => {
  const sandbox = foundSandbox();
  let tool: FakeTool;
  let codex: FakeTool;
  beforeAll(() => {
    const folder = temporaryDirectory();
    tool = claudeIn(folder);
    codex = codexIn(folder);
  });

  const newSession = (): string => randomUUID();
  const marksOf = (session: string): string => `CLAUDECODE=1 CLAUDE_CODE_SESSION_ID=${session}`;
  /** The main, a tool of its, and a daemon that left them. */
  const agentScript = (session: string): string =>
    `echo main $$; env ${marksOf(session)} sh -c 'echo tool $$; ${WAIT}' &
     (env ${marksOf(session)} setsid sh -c 'echo daemon $$; ${WAIT}' &) & ${WAIT}`;

  test('ends the wrapper, the main, its tools and what lost its parent, and nothing else', async () => {
    const session = newSession();
    const folder = temporaryDirectory();
    scriptIn(folder, 'wrapper', `echo wrapper $$; ${tool.executable} -c "$1" & wait`);
    const wrapper = installTool(folder, 'bin/node');
    const bin = join(folder, 'node_modules/.bin/claude');
    installTool(folder, 'node_modules/.bin/other');
    scriptIn(
      join(folder, 'node_modules/.bin'),
      'claude',
      `echo wrapper $$; ${tool.executable} -c "$1" & wait`,
    );
    const agent = await start([wrapper.executable, bin, agentScript(session)], {
      says: ['wrapper', 'main', 'tool', 'daemon'],
    });
    const names = ['tmux', 'vim', 'postgres'] as const;
    const bystanders: Record<string, Running> = {};
    for (const name of names) {
      const { executable } = installTool(folder, `bin/${name}`);
      const environment = { CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: session };
      const script = `echo ${name} $$; sh -c 'echo below-${name} $$; ${WAIT}' & wait`;
      const says = [name, `below-${name}`];
      Object.assign(bystanders, await start([executable, '-c', script], { environment, says }));
    }
    const { executable: grep } = installTool(folder, 'bin/grep');
    const search = ['-c', `echo grep $$; ${WAIT}`, tool.executable] as const;
    Object.assign(bystanders, await start([grep, ...search], { says: ['grep'] }));
    const other = await start([tool.executable, '-c', agentScript(newSession())], {
      says: ['main', 'tool', 'daemon'],
    });

    const target = foundRecord(`claude-${session}`, 'claude', agent['main']);
    expect(await sandbox.kill(target, atOnce())).toMatchObject({ outcome: 'dead', layer: 'process' });
    expect(alive(agent)).toEqual([]);
    expect(alive(other).toSorted()).toEqual(['daemon', 'main', 'tool']);
    expect(alive(bystanders)).toEqual(Object.keys(bystanders));
    expect(await sandbox.kill(target, atOnce())).toMatchObject({ outcome: 'alreadyGone' });
  });

  test('asks first where there is a grace', async () => {
    const session = newSession();
    const script = `trap 'echo asked $$; exit 0' TERM; echo main $$; ${WAIT}`;
    const agent = await start([tool.executable, '-c', script], { says: ['main'] });
    const target = foundRecord(`claude-${session}`, 'claude', agent['main']);
    const outcome = await sandbox.kill(target, { graceMs: 10_000, deadline: AbortSignal.timeout(20_000) });
    expect(outcome).toMatchObject({ outcome: 'dead' });
    expect(alive(agent)).toEqual([]);
  });

  test('does not touch a process that no longer is what it was found as', async () => {
    const script = `exec sh -c 'echo main $$; ${WAIT}'`;
    const { main } = await start([tool.executable, '-c', script], { says: ['main'] });
    const target = foundRecord('claude-x', 'claude', main);
    expect(await sandbox.kill(target, atOnce())).toMatchObject({
      outcome: 'refused',
      detail: `PID ${main?.pid} is no longer what Claude Code is known by, so it was not touched`,
    });
    expect(alive({ main: main as Running })).toEqual(['main']);
  });

  test('does not take a process of another boot for it', async () => {
    const agent = await start([tool.executable, '-c', `echo main $$; ${WAIT}`], { says: ['main'] });
    const target = { ...foundRecord('claude-x', 'claude', agent['main']), bootId: 'another' };
    expect(await sandbox.kill(target, atOnce())).toMatchObject({ outcome: 'alreadyGone' });
    expect(alive(agent)).toEqual(['main']);
  });

  test('leaves agents whose tool is not known to the variable', async () => {
    const agent = await start([tool.executable, '-c', `echo main $$; ${WAIT}`], { says: ['main'] });
    const target = foundRecord('x', 'unheard-of', agent['main']);
    expect(await sandbox.kill(target, atOnce())).toMatchObject({ outcome: 'refused' });
    expect(alive(agent)).toEqual(['main']);
  });

  test('ends what carries its ID as well', async () => {
    const agentId = `claude-${newSession()}`;
    const agent = await start([tool.executable, '-c', `echo main $$; ${WAIT}`], { says: ['main'] });
    const environment = { KILLSWITCH_AGENT_ID: agentId };
    const carrier = await start(['sh', '-c', `echo carrier $$; ${WAIT}`], { says: ['carrier'], environment });
    const target = foundRecord(agentId, 'claude', agent['main']);
    expect(await sandbox.kill(target, atOnce())).toMatchObject({ outcome: 'dead' });
    expect(alive({ ...agent, ...carrier })).toEqual([]);
  });

  describe('whose server others need', () => {
    /** Two clients and their server, of a home of their own. */
    async function startCodex() {
      const home = temporaryDirectory();
      const environment = { CODEX_HOME: home };
      scriptIn(home, 'app-server', `echo server $$; sh -c 'echo below $$; ${WAIT}' & wait`);
      const options = { environment, cwd: home };
      const server = await start([codex.executable, 'app-server'], { ...options, says: ['server', 'below'] });
      const clients = [];
      for (const name of ['first', 'second']) {
        const script = `echo ${name} $$; ${WAIT}`;
        const said = await start([codex.executable, '-c', script], { ...options, says: [name] });
        clients.push({ said, target: foundRecord(`codex-${name}`, 'codex', said[name]) });
      }
      const [first, second] = clients;
      if (first === undefined || second === undefined) throw new Error('There are two.');
      return { server, first, second };
    }

    test('leaves it alive for them, says so, and ends it when they are gone', async () => {
      const { server, first, second } = await startCodex();
      const { pid } = second.said['second'] ?? {};
      const shared = {
        outcome: 'pending',
        detail: expect.stringMatching(
          `^shared with codex-${pid}-\\d+, and left alive for it: server ${server['server']?.pid}$`,
        ),
      };
      expect(await sandbox.kill(first.target, atOnce())).toMatchObject(shared);
      expect(alive({ ...first.said, ...server, ...second.said })).toEqual(['server', 'below', 'second']);
      expect(await sandbox.kill(first.target, atOnce())).toMatchObject(shared);
      expect(await sandbox.kill(second.target, atOnce())).toMatchObject({ outcome: 'dead' });
      expect(alive({ ...server, ...second.said })).toEqual([]);
      expect(await sandbox.kill(first.target, atOnce())).toMatchObject({ outcome: 'alreadyGone' });
    });

    test('ends it where all of them are stopped together', async () => {
      const { server, first, second } = await startCodex();
      const outcomes = await Promise.all([first, second].map(({ target }) => sandbox.kill(target, atOnce())));
      expect(outcomes).toMatchObject([{ outcome: 'dead' }, { outcome: 'dead' }]);
      expect(alive(server)).toEqual([]);
    });

    test('ends it where that is asked for', async () => {
      const { server, first, second } = await startCodex();
      const outcome = await sandbox.kill(first.target, { ...atOnce(), shared: true });
      expect(outcome).toMatchObject({ outcome: 'dead' });
      expect(alive({ ...server, ...second.said })).toEqual(['second']);
    });
  });

  test('watches for what its daemon starts again, and ends that too', async () => {
    const roles = [{ role: 'daemon', words: ['daemon', 'run'], respawns: 200 }] as const;
    const watching = foundSandbox({ detectors: [{ ...claude, roles }] });
    const session = newSession();
    const home = temporaryDirectory();
    scriptIn(home, 'daemon', `echo daemon $$; ${tool.executable} -c "echo main \\$\\$; ${WAIT}" & wait`);
    const options = { cwd: home, environment: { CLAUDE_CONFIG_DIR: home } };
    const agent = await start([tool.executable, 'daemon', 'run'], { ...options, says: ['daemon', 'main'] });
    const target = foundRecord(`claude-${session}`, 'claude', agent['main']);
    expect(await watching.kill(target, atOnce())).toMatchObject({ outcome: 'dead', needsRemoval: true });
    expect(alive(agent)).toEqual([]);
    const again = await start([tool.executable, '-c', `echo main $$; ${WAIT}`, '--resume', session], {
      ...options,
      says: ['main'],
    });
    const watched = await watching.remove(target, AbortSignal.timeout(20_000));
    expect(watched).toMatchObject({
      outcome: 'dead',
      detail: 'its tool had started it again, and it was killed again',
    });
    expect(watched).not.toHaveProperty('needsRemoval');
    expect(alive(again)).toEqual([]);
  });

  test('goes on to watch where there was no time for all of it', async () => {
    const roles = [{ role: 'daemon', words: ['daemon', 'run'], respawns: 60_000 }] as const;
    const watching = foundSandbox({ detectors: [{ ...claude, roles }] });
    const home = temporaryDirectory();
    scriptIn(home, 'daemon', `echo daemon $$; ${tool.executable} -c "echo main \\$\\$; ${WAIT}" & wait`);
    const options = { cwd: home, environment: { CLAUDE_CONFIG_DIR: home } };
    const agent = await start([tool.executable, 'daemon', 'run'], { ...options, says: ['daemon', 'main'] });
    const target = foundRecord('claude-1', 'claude', agent['main']);
    const owed = { outcome: 'dead', needsRemoval: true };
    expect(await watching.kill(target, atOnce())).toMatchObject(owed);
    expect(await watching.remove(target, AbortSignal.abort())).toMatchObject(owed);
  });
});

describe.each([...unified, ...freezer])(
  'In the hierarchy at $point, the stop of a found agent',
  ({ point }) => {
    const space = `T${randomBytes(4).toString('hex')}`;
    const enclosures = createEnclosures({ root: point, variable: space });
    const sandbox = foundSandbox({ enclosures });
    afterAll(async () => {
      for (const id of enclosures.agentIds())
        await clearCgroup(join(point, enclosures.find(id)?.place ?? 'none'));
    });

    /** Leaves a daemon that shows nothing, once it is told to. */
    async function startLeaving(agentId: string) {
      const folder = temporaryDirectory();
      const { executable } = claudeIn(folder);
      const [go, left] = [join(folder, 'go'), join(folder, 'left')];
      const leave = `env -i PATH=/bin:/usr/bin setsid sh -c 'echo $$ >${left}.new; mv ${left}.new ${left}; sleep 600 & wait'`;
      const script = `echo main $$; until [ -e ${go} ]; do sleep 0.05; done; (${leave} &) & ${WAIT}`;
      const { main } = await start([executable, '-c', script], { says: ['main'] });
      if (main === undefined) throw new Error('It said so.');
      return {
        main,
        target: foundRecord(agentId, 'claude', main),
        async leave(): Promise<number> {
          writeFileSync(go, '');
          const pid = (): number => (existsSync(left) ? Number(readFileSync(left, 'utf8')) : 0);
          await expect.poll(pid).toBeGreaterThan(0);
          const [daemon, startTime] = [pid(), startTimeOf(pid())];
          onTestFinished(() => signal(daemon, startTime, 'SIGKILL'));
          return daemon;
        },
      };
    }

    test('ends with its cgroup a daemon that has cleared its environment', async () => {
      const agentId = `claude-${randomUUID()}`;
      const { main, target, leave } = await startLeaving(agentId);
      expect(await enclosures.enclose(agentId, [main])).toMatchObject({ enclosed: true });
      const daemon = await leave();
      const outcome = await sandbox.kill(target, atOnce());
      expect(outcome).toMatchObject({ outcome: 'dead' });
      expect(outcome).not.toHaveProperty('detail');
      expect([main.pid, daemon].filter(pid => isAlive(pid))).toEqual([]);
      expect(enclosures.find(agentId)).toBeUndefined();
      expect(await sandbox.kill(target, atOnce())).toMatchObject({ outcome: 'alreadyGone' });
    });

    test('leaves another agent alone that has come to stand in its cgroup', async () => {
      const agentId = `claude-${randomUUID()}`;
      const { main, target, leave } = await startLeaving(agentId);
      const other = await startLeaving(`claude-${randomUUID()}`);
      const enclosing = await enclosures.enclose(agentId, [main, other.main]);
      expect(enclosing).toMatchObject({ enclosed: true });
      const daemon = await leave();
      expect(await sandbox.kill(target, atOnce())).toMatchObject({ outcome: 'dead' });
      expect([main.pid, daemon, other.main.pid].filter(pid => isAlive(pid))).toEqual([other.main.pid]);
    });
  },
);
