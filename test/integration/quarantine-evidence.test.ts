import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openWorktrees } from '../../lib/adapters/worktree/index.js';
import { engine, startContainer } from '../services/agents.js';
import { runCli } from './cli-run.js';
import { makeQuarantineWorld } from './quarantine-world.js';
import { openWorld } from './world.js';

type Settings = Readonly<Record<string, string>>;

/** Kills an agent that has said something, and returns what is kept of it. */
async function killed(more: Settings = {}, { worktree = true } = {}) {
  const world = await openWorld('sqlite', { KILLSWITCH_SANDBOX: 'docker', ...more });
  const agent = await world.agent({ worktree });
  const container = await startContainer({
    agentId: agent.agentId,
    processes: 2,
    extra: {
      Env: ['ANTHROPIC_API_KEY=sk-not-to-be-shown', 'TEAM=core'],
      Cmd: ['sh', '-c', 'echo to stdout; echo to stderr >&2; exec sleep 100000'],
    },
  });
  const lines = async (): Promise<string> =>
    String(await engine().getContainer(container.id).logs({ stdout: true, stderr: true, follow: false }));
  await expect.poll(lines).toContain('to stderr');
  await agent.register({ containerId: container.id });
  const { body } = await world.request('POST', `/agents/${agent.agentId}/kill`, { body: {} });
  expect(body).toMatchObject({ verified: true, pending: [] });
  await world.close();
  const name = `${agent.agentId}~${body.operationId}`;
  const root = world.environment['KILLSWITCH_WORKTREE_ROOTS'] ?? '';
  const loose = join(world.environment['KILLSWITCH_STATE_DIR'] ?? '', 'evidence', name);
  return {
    entry: join(root, '.killswitch-quarantine', name),
    loose,
    container: `container-${container.id.slice(0, 12)}`,
    cli: (...args: string[]) => runCli(['quarantine', ...args, '--json'], world.environment),
    name,
  };
}

describe('the evidence of a killed agent', () => {
  it('lies in its quarantine entry: last words and the engine’s description, without secrets', async () => {
    const { entry, loose, container, cli, name } = await killed();
    const evidence = join(entry, 'evidence');
    expect(readdirSync(evidence).sort()).toEqual([`${container}.json`, `${container}.log`]);
    const log = readFileSync(join(evidence, `${container}.log`), 'utf8');
    expect(log).toMatch(/^stdout \d{4}-\d\d-\d\dT\S+Z to stdout$/m);
    expect(log).toMatch(/^stderr \d{4}-\d\d-\d\dT\S+Z to stderr$/m);
    const text = readFileSync(join(evidence, `${container}.json`), 'utf8');
    expect(text).not.toContain('sk-not-to-be-shown');
    expect(JSON.parse(text).Config.Env).toEqual(
      expect.arrayContaining(['ANTHROPIC_API_KEY=[redacted]', 'TEAM=core']),
    );
    for (const file of [`${container}.json`, `${container}.log`])
      expect(statSync(join(evidence, file)).mode & 0o777).toBe(0o600);
    expect(statSync(evidence).mode & 0o777).toBe(0o700);
    expect(existsSync(loose)).toBe(false);
    expect(JSON.parse((await cli('show', name)).stdout)).toMatchObject({
      worktree: true,
      evidence: [{ bytes: Buffer.byteLength(text) }, { bytes: Buffer.byteLength(log) }],
    });
  });

  it('lies in the state directory where there is no worktree, and is listed and deleted there', async () => {
    const { loose, container, cli, name } = await killed({}, { worktree: false });
    expect(readdirSync(loose).sort()).toEqual([`${container}.json`, `${container}.log`]);
    expect(statSync(loose).mode & 0o777).toBe(0o700);
    const { entries } = JSON.parse((await cli('list')).stdout);
    expect(entries).toMatchObject([{ name, worktree: false, evidence: [{}, {}] }]);
    expect((await cli('diff', name)).stderr).toContain('Only evidence of');
    expect(await cli('purge', name, '--yes')).toMatchObject({ code: 0 });
    expect(existsSync(loose)).toBe(false);
  });

  it('is not kept when that is switched off', async () => {
    const { entry, loose } = await killed({ KILLSWITCH_EVIDENCE: 'off' });
    expect(readdirSync(entry).sort()).toEqual(['admin', 'manifest.json', 'worktree']);
    expect(existsSync(loose)).toBe(false);
  });
});

describe('evidence', () => {
  const id = 'c'.repeat(64);
  const what = { logs: Buffer.from('words'), inspect: '{}' };

  async function open(options: Partial<Parameters<typeof openWorktrees>[0]> = {}) {
    const world = await makeQuarantineWorld();
    const note = (entry: object): void => void world.logged.push(entry);
    const directory = join(world.state, 'evidence');
    const worktrees = openWorktrees({
      roots: [world.root],
      ttlMs: 60_000,
      evidenceDirectory: directory,
      clock: { now: () => world.time.now, monotonic: () => performance.now() },
      log: { warn: note, error: note, info: () => undefined },
      ...options,
    });
    const clear = () => worktrees.clear(world.target, AbortSignal.timeout(20_000));
    const keep = () => worktrees.keepEvidence(id, 'agent-1', 'op-1', what);
    const loose = join(directory, 'agent-1~op-1');
    const entry = join(world.root, '.killswitch-quarantine', 'agent-1~op-1');
    return { ...world, worktrees, clear, keep, loose, entry };
  }

  it.each(['before', 'after'])('that is there %s the worktree is cleared comes to it', async order => {
    const { clear, keep, loose, entry } = await open();
    for (const step of order === 'before' ? [keep, clear] : [clear, keep]) await step();
    expect(readdirSync(join(entry, 'evidence'))).toHaveLength(2);
    expect(existsSync(loose)).toBe(false);
  });

  it('takes the place of what an earlier attempt kept', async () => {
    const { clear, keep, worktrees, entry } = await open();
    await keep();
    await clear();
    await worktrees.keepEvidence(id, 'agent-1', 'op-1', { logs: Buffer.from('more words') });
    const kept = join(entry, 'evidence', `container-${id.slice(0, 12)}.log`);
    expect(readFileSync(kept, 'utf8')).toBe('more words');
  });

  it('is not moved through a link', async () => {
    const { clear, keep, loose, entry, victim, logged, expectVictimUntouched } = await open();
    await clear();
    symlinkSync(victim, join(entry, 'evidence'));
    await keep();
    expect(readdirSync(loose)).toHaveLength(2);
    expect(logged).toHaveLength(1);
    await expectVictimUntouched();
  });

  it('is kept as long as the worktree would be, and no longer', async () => {
    const { keep, loose, time, worktrees } = await open();
    await keep();
    time.now = statSync(loose).mtimeMs + 59_000;
    await worktrees.expire();
    expect(existsSync(loose)).toBe(true);
    time.now += 2_000;
    await worktrees.expire();
    expect(existsSync(loose)).toBe(false);
  });

  it('of a kill that is not confirmed is kept longer', async () => {
    const { keep, loose, time, worktrees } = await open({ isConfirmed: async () => false });
    await keep();
    time.now += 1e9;
    await worktrees.expire();
    expect(existsSync(loose)).toBe(true);
  });

  it('goes with its entry', async () => {
    const { clear, keep, entry, time, worktrees } = await open();
    await clear();
    await keep();
    time.now += 60_000;
    expect(await worktrees.expire()).toBe(1);
    expect(readdirSync(entry)).toEqual(['manifest.json']);
  });

  it('with an ID that is no name is not kept', async () => {
    const { worktrees, state } = await open();
    await expect(worktrees.keepEvidence(id, '../../x', 'op', what)).rejects.toThrow();
    mkdirSync(join(state, 'evidence'), { recursive: true });
    writeFileSync(join(state, 'evidence', 'not an entry'), '');
    await worktrees.expire();
    expect(existsSync(join(state, 'evidence', 'not an entry'))).toBe(true);
  });
});
