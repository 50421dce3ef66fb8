import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { withConfigFile } from '../../functions/server/config-file.js';
import { openValkey } from '../../lib/adapters/valkey/index.js';
import { entry } from '../conformance/records/harness.js';
import { addWorktree, makeRepository, startContainer, startProcess } from '../services/agents.js';
import { call, settings, startBuiltServer } from '../services/server.js';
import { temporaryDirectory } from '../services/temporary.js';
import { startServer } from './valkey-servers.js';

const shipped = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../functions/server/install/${name}`, import.meta.url)), 'utf8');

const isThere = (tool: string): boolean => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;

describe('the unit of systemd', () => {
  it.runIf(isThere('systemd-analyze'))('is taken without a complaint', () => {
    const path = join(temporaryDirectory(), 'killswitch.service');
    writeFileSync(path, shipped('killswitch.service'));
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], {
      encoding: 'utf8',
    });
    const complaints = `${stdout}${stderr}`.split('\n').filter(line => line.includes('killswitch'));
    expect(complaints).toEqual([]);
    expect(status).toBe(0);
  });

  it('starts with the settings that every command reads', () => {
    expect(shipped('killswitch.service')).toContain('EnvironmentFile=/etc/killswitch/killswitch.env');
    const path = join(temporaryDirectory(), 'killswitch.env');
    writeFileSync(path, shipped('killswitch.env'), { mode: 0o640 });
    const { variables, notes } = withConfigFile({ KILLSWITCH_CONFIG: path });
    expect(variables).toMatchObject({ PORT: '8787', KILLSWITCH_STATE_DIR: '/var/lib/killswitch' });
    expect(notes).toEqual([]);
    const optional = shipped('killswitch.env').replaceAll(/^# (?=KILLSWITCH_)/gm, '');
    writeFileSync(path, optional, { mode: 0o640 });
    expect(withConfigFile({ KILLSWITCH_CONFIG: path }).variables).toMatchObject({
      KILLSWITCH_STORE: 'rediss://killswitch:password@valkey.example:6379',
    });
  });
});

describe('the users of Valkey', () => {
  it('keep an orchestrator off the latch, the tombstones and the audit, and let killswitch do its work', async () => {
    const acl = join(temporaryDirectory(), 'users.acl');
    // The server takes no comment in such a file.
    const users = shipped('valkey.acl')
      .replace('<password-of-the-orchestrator>', 'hunter1')
      .replace('<password-of-killswitch>', 'hunter2')
      .replaceAll(/^(#.*)?\n/gm, '');
    writeFileSync(acl, users);
    const server = await startServer({ config: [`aclfile ${acl}`] });
    const prefix = 'orchestrator:';
    const store = openValkey({ url: `redis://killswitch:hunter2@${server.address}`, keyPrefix: prefix });
    const { records, audit } = store;
    await expect.poll(() => store.probe()).toMatchObject({ ok: true });
    const raw = JSON.stringify({ agentId: 'a1', status: 'killed' });
    const kill = {
      document: { kind: 'agent', id: 'a1' },
      expect: null,
      next: raw,
      tombstone: 'op-1',
      active: false,
      debt: { host: 'h1', dueAt: 1 },
      audit: [entry({ agentId: 'a1' })],
    } as const;
    const latch = { document: { kind: 'latch', id: '' }, expect: null, next: '{}', audit: [] } as const;
    expect(await records.commit([kill, latch])).toEqual(['committed', 'committed']);
    expect(await records.debts('h1', 2, 10)).toEqual(['a1']);
    expect(await audit.last()).not.toBe('');
    const pages: unknown[] = [];
    for await (const page of records.scan('all')) pages.push(...page);
    expect(pages).toHaveLength(1);

    const other = new Redis(`redis://orchestrator:hunter1@${server.address}`);
    const run = (...[command = '', ...args]: string[]) => other.call(command, ...args).then(String, String);
    expect(await run('SET', 'orchestrator:agent:a2', '{}')).toBe('OK');
    expect(await run('GET', 'orchestrator:agent:a1')).toBe(raw);
    expect(await run('GET', 'orchestrator:killswitch:latch')).toBe('{}');
    expect(await run('HGET', 'orchestrator:killswitch:tombstones', 'a1')).toBe('op-1');
    for (const command of [
      'DEL orchestrator:killswitch:latch',
      'SET orchestrator:killswitch:latch {}',
      'EXPIRE orchestrator:killswitch:latch 1',
      'RENAME orchestrator:agent:a2 orchestrator:killswitch:latch',
      'RENAME orchestrator:killswitch:tombstones orchestrator:agent:a3',
      'COPY orchestrator:agent:a2 orchestrator:killswitch:latch REPLACE',
      'UNLINK orchestrator:killswitch:tombstones',
      'HDEL orchestrator:killswitch:tombstones a1',
      'HSET orchestrator:killswitch:tombstones a1 x',
      'DEL orchestrator:killswitch:audit',
      'XADD orchestrator:killswitch:audit * entry x',
      'XTRIM orchestrator:killswitch:audit MAXLEN 0',
      'XRANGE orchestrator:killswitch:audit - +',
      'ZREM orchestrator:killswitch:pending:h1 a1',
      'DEL orchestrator:killswitch:operations:op-1',
      'GET elsewhere',
      'EVAL return 0',
      'FLUSHALL',
      'FLUSHDB',
      'SWAPDB 0 1',
      'CONFIG GET *',
      'ACL LIST',
      'KEYS *',
      'PUBLISH orchestrator:killswitch:events x',
      'SHUTDOWN',
    ]) {
      expect(await run(...command.split(' ')), command).toMatch(/NOPERM/);
    }
    expect(await run('MULTI')).toBe('OK');
    expect(await run('DEL', 'orchestrator:killswitch:latch')).toMatch(/NOPERM/);
    other.disconnect();
    expect(await records.read([latch.document])).toEqual(['{}']);
    expect(await records.tombstoned(['a1'])).toEqual([true]);
    await store.close();
  }, 60_000);
});

describe('the capabilities of the unit', () => {
  const unit = shipped('killswitch.service');
  const of = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';

  it('are named twice, and the same', () => {
    expect(of('AmbientCapabilities')).toBe(of('CapabilityBoundingSet'));
  });

  it.runIf(process.getuid?.() === 0 && isThere('setpriv'))(
    'are enough to stop what belongs to other users, and to clear it away',
    async () => {
      const names = of('AmbientCapabilities').split(' ');
      const rights = ['-all', ...names.map(name => `+${name.replace('CAP_', '').toLowerCase()}`)].join(',');
      const uid = '54323';
      const by = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--no-new-privs'];
      const caps = [`--bounding-set=${rights}`, `--inh-caps=${rights}`, `--ambient-caps=${rights}`];
      const state = temporaryDirectory();
      chownSync(state, Number(uid), Number(uid));
      const roots = temporaryDirectory();
      const repository = await makeRepository(temporaryDirectory());
      const worktreePath = await addWorktree(repository, `${roots}/a1`, 'a1');
      const environment = settings('sqlite', {
        KILLSWITCH_STATE_DIR: state,
        KILLSWITCH_WORKTREE_ROOTS: roots,
      });
      const { url } = await startBuiltServer(
        environment,
        ['functions/cli/main.js', 'serve'],
        [...by, ...caps],
      );
      const container = await startContainer({ agentId: 'a1', processes: 3 });
      const tree = await startProcess({ agentId: 'a2', ignoreTerm: true });
      const register = (agentId: string, members: object) =>
        call(url, 'PUT', `/agents/${agentId}`, { body: { status: 'running', ...members } });
      await register('a1', { containerId: container.id, repository, worktreePath });
      await register('a2', { process: { pid: tree.pid, startTime: tree.startTime } });
      const { status, body } = await call(url, 'POST', '/agents/kill-all', { body: {} });
      expect(body).toMatchObject({ total: 2, killed: 2, verified: true });
      expect(status).toBe(200);
      expect([...container.pids(), ...tree.pids()]).toEqual([]);
      expect(existsSync(worktreePath)).toBe(false);
      expect(existsSync(join(roots, '.killswitch-quarantine'))).toBe(true);
    },
    60_000,
  );
});
