import { mkdirSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { engine, startContainer, startProcess, temporaryDirectory } from '../services/agents.js';
import { type Environment, endOf, runCli, startCli, until } from './cli-run.js';

const NO_ENGINE = 'unix:///nonexistent/docker.sock';

/** Processes that run, or ran when it was there, in a directory. */
const processesIn = (directory: string): string[] =>
  readdirSync('/proc').filter(name => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`).startsWith(directory);
    } catch {
      return false;
    }
  });

const directory = temporaryDirectory();
const environment = (dockerHost: string): Environment => ({ DOCKER_HOST: dockerHost, TMPDIR: directory });

afterEach(async () => {
  const containers = await engine().listContainers({ all: true, filters: { label: ['killswitch.demo'] } });
  const images = await engine().listImages({ filters: { reference: ['killswitch-demo'] } });
  expect({
    containers,
    images,
    processes: processesIn(directory),
    files: readdirSync(directory).filter(name => !name.startsWith('tsx-')),
  }).toEqual({ containers: [], images: [], processes: [], files: [] });
});

describe.each([
  ['docker', (): string => inject('dockerHost'), /in containers of Docker \S+, the last one on the host/],
  ['process', (): string => NO_ENGINE, /host processes \(no containers: no container engine answers\)/],
] as const)('the demonstration on %s', (sandbox, dockerHost, told) => {
  it('shows that everything is dead, kept and audited, and leaves nothing behind', async () => {
    const { code, stdout, stderr } = await runCli(['demo'], environment(dockerHost()));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(told);
    expect(stdout).toContain('200 in ');
    expect(stdout).toMatch(/Agent coder-\w{6} killed successfully/);
    expect(stdout).toContain('3 of 3 agents killed');
    expect(stdout).toContain('✔ 3 of 3 processes gone');
    expect(stdout).toContain('✔ 9 of 9 processes gone');
    expect(stdout).toMatch(/KILL_AGENT +settled +by demo: coder-\w{6}/);
    expect(stdout).toMatch(/and 6 lines on planner-\w{6}, reviewer-\w{6}, tester-\w{6}/);
    expect(stdout).not.toContain('✘');
    expect(stdout).not.toContain('\u001b');
    expect(stdout.split('\n').length).toBeLessThanOrEqual(46);
  });

  it.each([
    ['SIGINT', 'agents'],
    ['SIGTERM', 'killswitch demo'],
    ['SIGINT', 'Kill all'],
  ] as const)('takes everything down on %s after it said %j', async (signal, said) => {
    const cli = startCli(['demo', '--sandbox', sandbox], environment(dockerHost()));
    const ended = endOf(cli);
    await until(cli.stdout, said);
    cli.kill(signal);
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 130, stderr: 'killswitch: Interrupted.\n' });
    expect(stdout).not.toContain('Everything held');
  });
});

it('leaves all agents alone that are not its own, whatever is known of them', async () => {
  const usual = { label: 'killswitch.agent-id', variable: 'KILLSWITCH_AGENT_ID' };
  const agentId = `bystander-${process.pid}`;
  const [container, tree] = [
    await startContainer({ agentId, label: usual.label, processes: 2 }),
    await startProcess({ agentId, variable: usual.variable }),
  ];
  const alive = (): number => container.pids().length + tree.pids().length;
  const before = alive();
  const { code } = await runCli(['demo'], environment(inject('dockerHost')));
  expect([code, alive()]).toEqual([0, before]);
  // A server with the usual names is the one that they belong to.
  const found = await runCli(['scan', '-o', 'json'], { DOCKER_HOST: inject('dockerHost') });
  const ids = (JSON.parse(found.stdout) as { findings: { agentId: string; id: string }[] }).findings
    .filter(finding => finding.agentId === agentId)
    .map(({ id }) => id.replace(/:.*/, ''));
  expect(ids.toSorted()).toEqual([container.id, String(tree.pid)].toSorted());
});

it('finds room for its socket where temporary files lie deep', async () => {
  const deep = join(directory, 'a-folder-with-a-long-name'.repeat(4));
  mkdirSync(deep);
  const { code, stderr } = await runCli(['demo', '--sandbox', 'process'], {
    ...environment(NO_ENGINE),
    TMPDIR: deep,
  });
  rmSync(deep, { recursive: true });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

it('tells its story as JSON too', async () => {
  const { code, stdout } = await runCli(['demo', '--json', '--sandbox', 'process'], environment(NO_ENGINE));
  const story = JSON.parse(stdout);
  expect(story).toMatchObject({ held: true, sandbox: 'process', kills: [{ status: 200 }, { status: 200 }] });
  expect(story.checks.length).toBeGreaterThan(8);
  expect(code).toBe(0);
});

it('ends with 1 where containers are asked for and no engine answers', async () => {
  const { code, stderr } = await runCli(['demo', '--sandbox', 'docker'], environment(NO_ENGINE));
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'killswitch: No containers: no container engine answers.\n',
  });
});
