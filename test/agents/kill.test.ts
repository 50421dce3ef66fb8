import { describe, expect, it } from 'vitest';
import { runCli } from '../integration/cli-run.js';
import { cgroupsOf } from '../services/cgroups.js';
import { call } from '../services/server.js';
import { untilAllGrow } from './counters.js';
import { openHome } from './home.js';
import { installation, killFound, scanOf, startAdopting, started, stopped } from './killswitch.js';
import { endScrubbed, runningOf, type Session, speakersOf, startSession, staysDead } from './session.js';
import { inGroup } from './tracker.js';

const each = stopped.map(tool => [tool.name, tool] as const);

/** Longer than any tool takes to start a killed session again. */
const COMES_BACK_MS = 25_000;

/** The one without a wrapper: one that is found before it has started its main is an agent beside that. */
const enclosed = started.filter(([name]) => name === 'claude');

/** Not Claude Code in a terminal: a command that its tool left in the background outlives such a stop. */
const unenclosed = started.filter(([name, mode]) => name !== 'claude' || mode !== 'shell');

const namesOf = (session: Session): string[] => runningOf(session).map(({ name }) => name);

const one = (outcome: object) => ({ total: 1, agents: [{ outcomes: [outcome] }] });

describe('The stop of an agent that was found', () => {
  it.each(unenclosed)('leaves of %s only what has nothing in common with it: %s', async (_, mode, tool) => {
    const home = await openHome(tool);
    const session = await startSession(home, mode);
    await session.untilAtWork();
    const environment = installation();
    const [finding] = await scanOf(home, environment);
    expect(await killFound([finding?.agentId ?? ''], environment)).toMatchObject({
      killed: 1,
      verified: true,
    });
    expect(namesOf(session)).toEqual(['scrubbed']);
    await endScrubbed(session);
    await staysDead(session, COMES_BACK_MS);
  });

  it.each(each)('may be asked for %s by the PID of its MCP server', async (_, tool) => {
    const home = await openHome(tool);
    const session = await startSession(home, 'headless');
    const counters = await session.untilAtWork();
    const { pid } = counters.find(({ name }) => name === 'mcp') ?? {};
    const { code, stdout } = await runCli(['kill', String(pid), '--local'], installation());
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^Agent \S+ killed/) });
    expect(namesOf(session)).toEqual(['scrubbed']);
    await endScrubbed(session);
    await staysDead(session, 1_000);
  });

  it.each(each)('lets another %s of the same home go on', async (_, tool) => {
    const home = await openHome(tool);
    const [first, second] = [await startSession(home, 'headless'), await startSession(home, 'headless')];
    await Promise.all([first.untilAtWork(), second.untilAtWork()]);
    const environment = installation();
    const findings = await scanOf(home, environment);
    const { agentId = '' } = findings.find(({ pid }) => pid === speakersOf(first)[0]) ?? {};
    expect(await killFound([agentId], environment)).toMatchObject({ killed: 1, ...one({ outcome: 'dead' }) });
    expect(inGroup(first.group)).not.toEqual(expect.arrayContaining(speakersOf(first)));
    expect(namesOf(second)).toEqual(['foreground', 'background', 'session', 'scrubbed', 'mcp']);
    await untilAllGrow(runningOf(second));
  });

  it.each(enclosed)(
    'leaves nothing of %s that was enclosed before its work: %s',
    async (name, mode, tool) => {
      const { url, environment } = await startAdopting(name);
      const home = await openHome(tool);
      const running = async () => {
        const { body } = await call(url, 'GET', '/agents?status=running');
        const pids = inGroup(home.group);
        return body.agents.find((agent: Adopted) => pids.includes(agent.process?.pid ?? 0) && agent.cgroup);
      };
      const adopted = expect
        .poll(running, { timeout: 60_000 })
        .toMatchObject({ cgroup: { path: expect.any(String) } });
      const session = await startSession(home, mode, adopted);
      const counters = await session.untilAtWork();
      const { agentId, cgroup } = (await running()) as Adopted;
      const isIn = (pid: number): boolean => cgroupsOf(pid).some(path => path.endsWith(cgroup?.path ?? '-'));
      expect(counters.filter(({ pid }) => !isIn(pid))).toEqual([]);

      const { code, stdout } = await runCli(['kill', agentId, '--local', '--json'], environment);
      const receipt = JSON.parse(stdout);
      expect({ code, ...receipt }).toMatchObject({
        code: 0,
        verified: true,
        outcomes: [{ outcome: 'dead' }],
      });
      await staysDead(session, COMES_BACK_MS);
    },
  );
});

interface Adopted {
  readonly agentId: string;
  readonly process?: { readonly pid: number };
  readonly cgroup?: { readonly path?: string };
}
