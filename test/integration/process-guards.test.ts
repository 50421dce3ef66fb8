import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createProcesses } from '../../lib/adapters/process/index.js';
import { LIMIT } from '../../lib/adapters/process/words.js';
import { isAlive, startProcess, startTimeOf, temporaryDirectory } from '../services/agents.js';
import { readOf } from '../services/proc.js';
import { about, atOnce, newId, type Running, recordOf, run, sandbox, silent } from './process.helper.js';

const SLEEP = 'echo root $$; exec sleep 1000 >/dev/null';

async function sleeper(agentId?: string): Promise<Running> {
  const { root } = await run(SLEEP, agentId === undefined ? {} : { agentId });
  if (root === undefined) throw new Error('Nothing was started.');
  return root;
}

const isRunning = ({ pid, startTime }: Running): boolean => isAlive(pid, startTime);

describe('What the record points at', () => {
  test.each<[string, () => Running]>([
    ['PID 1', () => ({ pid: 1, startTime: startTimeOf(1) ?? '' })],
    ['PID 0', () => ({ pid: 0, startTime: '0' })],
    ['every process there is, PID -1', () => ({ pid: -1, startTime: '0' })],
    ['this very process', () => ({ pid: process.pid, startTime: startTimeOf(process.pid) ?? '' })],
    ['the parent of this process', () => ({ pid: process.ppid, startTime: startTimeOf(process.ppid) ?? '' })],
  ])('is refused if it is %s, and the agent is killed all the same', async (_, recorded) => {
    const agentId = newId();
    const agent = await sleeper(agentId);
    expect(await sandbox.kill(recordOf(agentId, recorded()), atOnce())).toMatchObject({ outcome: 'refused' });
    expect(isRunning(agent)).toBe(false);
  });

  test('is refused if it is an innocent bystander, which lives on', async () => {
    const agentId = newId();
    const [agent, bystander] = [await sleeper(agentId), await sleeper()];
    expect(await sandbox.kill(recordOf(agentId, bystander), atOnce())).toEqual({
      ...about(recordOf(agentId, bystander)),
      outcome: 'refused',
      detail:
        "the recorded process does not carry the agent's ID in its environment; only one that was started with KILLSWITCH_AGENT_ID set to it is touched",
    });
    expect([isRunning(agent), isRunning(bystander)]).toEqual([false, true]);
  });

  test('is left alone if its PID belongs to another process by now', async () => {
    const bystander = await sleeper();
    const recorded = { pid: bystander.pid, startTime: `${Number(bystander.startTime) - 1}` };
    expect(await sandbox.kill(recordOf(newId(), recorded), atOnce())).toEqual({
      ...about(recordOf(newId(), recorded)),
      outcome: 'alreadyGone',
      detail: LIMIT,
    });
    expect(isRunning(bystander)).toBe(true);
  });

  test('is killed as any member if it has no start time, and the outcome says that it was not trusted', async () => {
    const agentId = newId();
    const { pid } = await sleeper(agentId);
    expect(await sandbox.kill(recordOf(agentId, { pid }), atOnce())).toMatchObject({
      outcome: 'dead',
      detail: expect.stringContaining('not trusted'),
    });
  });

  test('is refused if it has no start time and is alive without the variable', async () => {
    const { pid, startTime } = await sleeper();
    expect(await sandbox.kill(recordOf(newId(), { pid }), atOnce())).toMatchObject({ outcome: 'refused' });
    expect(isAlive(pid, startTime)).toBe(true);
  });

  test('is refused if the record names it by what is no process ID', async () => {
    const target = { agentId: newId(), operationId: 'op', id: 'c'.repeat(64) };
    expect(await sandbox.kill(target, atOnce())).toEqual({
      ...about(target),
      outcome: 'refused',
      detail: 'the recorded process is not of the form PID:START',
    });
  });

  test('is gone if it is a zombie', async () => {
    const { child } = await run("sh -c 'echo child $$' & exec sleep 1000 >/dev/null", { says: ['child'] });
    const pid = child?.pid ?? 0;
    await expect.poll(() => isAlive(pid)).toBe(false);
    expect(readOf(pid, 'stat')).toContain(') Z ');
    expect(await sandbox.kill(recordOf(newId(), { pid }), atOnce())).toMatchObject({
      outcome: 'alreadyGone',
    });
  });
});

describe('The variable', () => {
  test.each<[string, (agentId: string) => string]>([
    ['is longer', agentId => `${agentId}0`],
    ['is shorter', agentId => agentId.slice(0, -1)],
    ['ends with a newline', agentId => `${agentId}\n`],
    ['differs in case', agentId => agentId.toUpperCase()],
  ])('spares a process in which it %s', async (_, alter) => {
    const agentId = newId();
    const other = await sleeper(alter(agentId));
    expect(await sandbox.kill(recordOf(agentId), atOnce())).toMatchObject({ outcome: 'notFound' });
    expect(isRunning(other)).toBe(true);
  });

  test('counts as an entry of its own and not within an argument or another value', async () => {
    const agentId = newId();
    const entry = `KILLSWITCH_AGENT_ID=${agentId}`;
    const { root } = await run(`OTHER='x ${entry}' exec sh -c 'echo root $$; sleep 1000' '${entry}'`);
    expect(await sandbox.kill(recordOf(agentId), atOnce())).toMatchObject({ outcome: 'notFound' });
    expect(root && isRunning(root)).toBe(true);
  });

  test('may have another name', async () => {
    const agentId = newId();
    const agent = await sleeper(agentId);
    const other = createProcesses({ variable: 'AGENT', log: silent });
    expect(await other.kill(recordOf(agentId, agent), atOnce())).toMatchObject({ outcome: 'refused' });
    expect(isRunning(agent)).toBe(true);
  });
});

test('A command with parentheses, blanks and a newline in its name is killed as any other', async () => {
  const agentId = newId();
  const command = join(temporaryDirectory(), 'a) R 1\n1 (b');
  copyFileSync('/bin/sleep', command);
  const { root } = await run(`echo root $$; exec '${command}' 1000 >/dev/null`, { agentId });
  expect(await sandbox.kill(recordOf(agentId, root), atOnce())).toMatchObject({ outcome: 'dead' });
  expect(root && isRunning(root)).toBe(false);
});

test('A process that is started without the variable by another in the same group lives on', async () => {
  const agentId = newId();
  const sleep = (name: string): string => `sh -c 'echo ${name} $$ >&3; exec sleep 1000 >/dev/null 3>&-'`;
  const pipeline = `KILLSWITCH_AGENT_ID=${agentId} ${sleep('agent')} | ${sleep('reader')}`;
  const { agent, reader } = await run(`exec 3>&1; set -m; ${pipeline}; wait`, {
    with: ['bash', '-c'],
    says: ['agent', 'reader'],
  });
  expect(await sandbox.kill(recordOf(agentId, agent), atOnce())).toMatchObject({ outcome: 'dead' });
  expect(reader && isRunning(reader)).toBe(true);
});

test('A killswitch that runs inside the agent leaves itself and its ancestors alive, and says so', async () => {
  const agentId = newId();
  const source = `
    const { readFileSync } = await import('node:fs');
    const { createProcesses } = await import('./lib/adapters/process/index.ts');
    const sandbox = createProcesses({ log: console });
    const deadline = AbortSignal.timeout(20000);
    const startTime = readFileSync('/proc/' + process.ppid + '/stat', 'utf8').split(' ')[21];
    const target = { agentId: '${agentId}', operationId: 'op', id: process.ppid + ':' + startTime };
    const { outcome, detail } = await sandbox.kill(target, { graceMs: 0, deadline });
    console.log(outcome + ':' + (detail.includes('itself') ? 'told' : 'hidden'), process.ppid);
  `;
  const command = `'${process.execPath}' --import tsx --input-type=module -e "$SOURCE"`;
  const script = `sleep 1000 >/dev/null & echo sleeper $!; ${command}; echo root $$; exec sleep 1000 >/dev/null`;
  const { sleeper, ...said } = await run(`SOURCE=$(cat <<'END'\n${source}\nEND\n); ${script}`, {
    agentId,
    says: ['root'],
  });
  expect(Object.keys(said)).toEqual(['failed:told', 'root']);
  expect(sleeper && isRunning(sleeper)).toBe(false);
  expect(said['root'] && isRunning(said['root'])).toBe(true);
});

test('A tree of another agent is not touched', async () => {
  const [own, other] = [newId(), newId()];
  const [agent, bystander] = [await startProcess({ agentId: own }), await startProcess({ agentId: other })];
  const before = bystander.pids();
  expect(await sandbox.kill(recordOf(own, agent), atOnce())).toMatchObject({ outcome: 'dead' });
  expect(agent.pids()).toEqual([]);
  expect(bystander.pids()).toEqual(before);
});
