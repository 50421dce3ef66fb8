import { describe, expect, it } from 'vitest';
import { lookAtHost, scanHost } from '../../../lib/discovery/scan.js';
import type { ContainerInfo } from '../../../lib/ports/containers.js';
import { CLAUDE, LABEL, listing, MODULES, NODE, process, VARIABLE } from './table.helper.js';

const ID = 'c'.repeat(64);
const table = [
  process({ pid: 40, executable: CLAUDE, cgroup: `/docker/${ID}` }),
  process({ pid: 41, parentPid: 40 }),
  process({ pid: 50, executable: CLAUDE, cgroup: '/user.slice' }),
];
const sourcesWith = (running: () => Promise<readonly ContainerInfo[]>) => ({
  table: { list: async () => listing(table) },
  files: { text: async () => undefined, names: async () => [] },
  containers: [{ running }],
  agentVariable: VARIABLE,
  agentLabel: LABEL,
});

describe('a look at the host', () => {
  it('names the processes of what it finds', async () => {
    const look = await lookAtHost(sourcesWith(async () => []));
    const [first, second] = look.scan.findings;
    expect(first && look.membersOf(first)).toEqual([
      { pid: 40, startTime: '4000' },
      { pid: 41, startTime: '4100' },
    ]);
    expect(first && look.membersOf({ ...first, pid: 99 })).toEqual([]);
    expect([first, second].map(one => one && look.isUncertain(one))).toEqual([false, false]);
  });

  it('says where a wrapper has only begun to start its agent', async () => {
    const wrapper = process({ pid: 60, executable: NODE, args: ['node', `${MODULES}/.bin/gemini`] });
    const sources = { ...sourcesWith(async () => []), table: { list: async () => listing([wrapper]) } };
    const { scan, isUncertain } = await lookAtHost(sources);
    expect(scan.findings.map(one => [one.pid, isUncertain(one)])).toEqual([[60, true]]);
    expect(
      isUncertain({ ...(scan.findings[0] as (typeof scan.findings)[number]), pid: 99, id: '99:9900' }),
    ).toBe(false);
  });

  it('says what may be in a container that no engine names', async () => {
    const sources = sourcesWith(() => Promise.reject(new Error('the engine does not answer')));
    const { scan, isUncertain } = await lookAtHost(sources);
    expect(scan.findings.map(isUncertain)).toEqual([true, false]);
    expect((await scanHost(sources)).blind).toEqual(['containers are not seen: the engine does not answer']);
  });
});
