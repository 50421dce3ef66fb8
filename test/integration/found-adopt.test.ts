import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../services/agents.js';
import { cgroupsOf } from '../services/cgroups.js';
import { inject, RUN_MARK } from '../services/context.js';
import { signal, startTimeOf } from '../services/proc.js';
import { afterFile } from '../services/registry.js';
import { call, settings, startBuiltServer } from '../services/server.js';
import { runCli } from './cli-run.js';

/** Where goose has its program, and no other test: what is found is adopted, also that of other tests. */
const GOOSE = '.local/bin/goose';

/** A shell in the place of the tool, with a child that lost its parent before anyone looked. */
async function startGoose(): Promise<{
  readonly pid: number;
  readonly startTime: string;
  readonly child: number;
}> {
  const executable = join(temporaryDirectory(), GOOSE);
  mkdirSync(dirname(executable), { recursive: true });
  copyFileSync('/bin/bash', executable);
  const script = 'sleep 1000 & echo $!; wait';
  const tool = spawn(executable, ['-c', script, 'run'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'], [RUN_MARK]: basename(inject('runFolder')) },
  });
  const [line] = await once(createInterface(tool.stdout), 'line');
  const [pid, child] = [tool.pid ?? 0, Number(line)];
  const [startTime = '', ofChild] = [startTimeOf(pid), startTimeOf(child)];
  afterFile(() => {
    signal(pid, startTime, 'SIGKILL');
    signal(child, ofChild, 'SIGKILL');
  });
  return { pid, startTime, child };
}

it('makes an agent of a tool that was started without it, and follows it to its end and over a restart', async () => {
  const environment = settings('sqlite', { KILLSWITCH_DISCOVER: 'goose', KILLSWITCH_SANDBOX: 'process' });
  const { pid, startTime, child } = await startGoose();
  const agentId = `goose-${pid}-${startTime}`;
  const first = await startBuiltServer(environment);
  const record = async (url: string) => (await call(url, 'GET', `/agents/${agentId}`)).body;
  await expect
    .poll(() => record(first.url), { timeout: 30_000 })
    .toMatchObject({
      status: 'running',
      source: 'observed',
      detector: 'goose',
      process: { pid, startTime, bootId: expect.any(String) },
      cgroup: expect.any(Object),
    });
  const { cgroup, ...before } = await record(first.url);
  // Where a cgroup could be made, what it had started before is in it too.
  const isIn = (one: number): boolean => cgroupsOf(one).some(path => path.endsWith(cgroup.path));
  if (cgroup.path !== undefined) expect([pid, child].map(isIn)).toEqual([true, true]);
  else expect(cgroup.missing).toEqual(expect.any(String));

  first.signal('SIGTERM');
  await first.ended;
  const second = await startBuiltServer(environment);
  expect(await record(second.url)).toMatchObject(before);
  const { body } = await call(second.url, 'GET', '/agents?status=running');
  const here = body.agents.filter((one: { process?: { pid: number } }) => one.process?.pid === pid);
  expect(here.map((one: { agentId: string }) => one.agentId)).toEqual([agentId]);

  signal(pid, startTime, 'SIGKILL');
  await expect.poll(() => record(second.url), { timeout: 30_000 }).toMatchObject({ status: 'completed' });
});

it('makes an agent of a tool that a person names by its PID, and says where it is none', async () => {
  const environment = settings('sqlite', { KILLSWITCH_SANDBOX: 'process' });
  const { pid, startTime } = await startGoose();
  const agentId = `goose-${pid}-${startTime}`;
  const adopt = (...args: string[]) => runCli(['adopt', ...args], environment);
  expect(await adopt(String(pid), '999999999')).toMatchObject({
    code: 3,
    stdout: expect.stringMatching(new RegExp(`^${agentId} +adopted\\n999999999 +not found: `)),
  });
  const { code, stdout } = await adopt(agentId, '--json');
  expect({ code, ...JSON.parse(stdout) }).toEqual({ code: 0, agents: [{ agentId, outcome: 'known' }] });
  expect(await adopt()).toMatchObject({ code: 2, stderr: expect.stringContaining('Name what to adopt') });
  const server = await startBuiltServer(environment);
  expect((await call(server.url, 'GET', `/agents/${agentId}`)).body).toMatchObject({ status: 'running' });
});
