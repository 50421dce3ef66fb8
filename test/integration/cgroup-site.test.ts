import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agentIn, nameOf } from '../../lib/adapters/cgroup/enclosure-name.js';
import { hierarchyOf, siteFor } from '../../lib/adapters/cgroup/enclosure-site.js';
import { isNamedAfter } from '../../lib/adapters/cgroup/named.js';
import { temporaryDirectory } from '../services/agents.js';

/** A hierarchy of version 2 in which these files stand; no cgroups, for limits cannot be set where version 1 has the controllers. */
function layOut(files: Readonly<Record<string, string>>) {
  const point = temporaryDirectory();
  writeFileSync(join(point, 'cgroup.procs'), '');
  for (const [path, text] of Object.entries(files)) {
    const directory = join(point, path, '..');
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'cgroup.procs'), '');
    writeFileSync(join(point, path), text);
  }
  const mount = { version: 2, controllers: [], root: '/', point } as const;
  return (path: string) => {
    const site = siteFor(mount, [{ controllers: [], path }], 'a1', '');
    return typeof site === 'string' ? site : site.names.join('/');
  };
}

test('An agent gets its cgroup in the slice of all agents where nothing limits it', () => {
  const siteOf = layOut({ 'user/shell/memory.max': 'max\n', 'user/shell/cpu.max': 'max 100000\n' });
  expect(siteOf('/user/shell')).toBe('killswitch.slice/killswitch@a1');
  expect(siteOf('/')).toBe('killswitch.slice/killswitch@a1');
});

test.each([
  ['memory.max', '1073741824'],
  ['memory.high', '536870912'],
  ['cpu.max', '50000 100000'],
  ['pids.max', '512'],
  ['cpuset.cpus', '0-1'],
])('An agent keeps the %s of the cgroup that it came from', (file, text) => {
  const siteOf = layOut({ [`jobs/${file}`]: `${text}\n`, 'jobs/one/memory.max': 'max\n' });
  expect(siteOf('/jobs/one')).toBe('jobs/killswitch@a1');
});

test('An agent keeps the innermost of several limits', () => {
  const siteOf = layOut({ 'jobs/pids.max': '512\n', 'jobs/one/memory.max': '1048576\n' });
  expect(siteOf('/jobs/one')).toBe('jobs/one/killswitch@a1');
});

test('An agent stays in the unit of systemd that it was started in', () => {
  const siteOf = layOut({ 'user.slice/session-3.scope/memory.max': 'max\n' });
  expect(siteOf('/user.slice/session-3.scope')).toBe('user.slice/session-3.scope/killswitch@a1');
});

test('An agent that is in its own cgroup has that one, also further down', () => {
  const siteOf = layOut({ 'killswitch.slice/killswitch@a1/below/memory.max': '1\n' });
  expect(siteOf('/killswitch.slice/killswitch@a1/below')).toBe('killswitch.slice/killswitch@a1');
});

test('An agent in a cgroup that is not mounted here gets none', () => {
  expect(layOut({})('/../elsewhere')).toContain('lies outside');
});

test('The cgroup of an agent is never taken for the one of a container or of another agent', () => {
  const id = 'f'.repeat(64);
  for (const agentId of [id, `x:y:${id}`, `docker-${id}.scope`]) {
    expect(isNamedAfter(nameOf(agentId, ''), id)).toBe(false);
    expect(agentIn(nameOf(agentId, ''), '')).toBe(agentId);
  }
  expect(agentIn(nameOf('a1', 'OTHER'), '')).toBeUndefined();
  expect(agentIn(nameOf('a1', ''), 'OTHER')).toBeUndefined();
  expect(agentIn('killswitch@../a1', '')).toBeUndefined();
  expect(() => nameOf('../a1', '')).toThrow(TypeError);
});

test('Version 2 is preferred, then the freezer, and no other controller will do', () => {
  const [v2, freezer, other] = [[], ['freezer'], ['pids']].map((controllers, index) => ({
    ...{ version: index === 0 ? (2 as const) : (1 as const), controllers, root: '/', point: '/' },
  }));
  const all = [v2, freezer, other].filter(mount => mount !== undefined);
  expect(hierarchyOf(all)).toBe(v2);
  expect(hierarchyOf(all.slice(1))).toBe(freezer);
  expect(hierarchyOf(all.slice(2))).toBeUndefined();
});
