import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { concealment } from '../../lib/adapters/process/hidepid.js';
import { isElsewhere } from '../../lib/adapters/process/namespace.js';
import { createSnapshot } from '../../lib/adapters/process/table.js';
import { temporaryDirectory } from '../services/agents.js';
import { host } from './process.helper.js';

/** A /proc in which no more stands than is asked for. */
function layOut(files: Readonly<Record<string, string>>, namespace?: string): string {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'self/ns'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  if (namespace !== undefined) symlinkSync(namespace, join(root, 'self/ns/pid'));
  return root;
}

const OWN = 'pid:[4026532000]';
const here = (...processes: readonly (readonly [pid: number, startTime: number])[]) =>
  createSnapshot(processes.map(([pid, startTime]) => host(pid, { startTime: String(startTime) })));
/** Three processes of a namespace in which PID 120 was given last. */
const inTurn = here([1, 5_000], [40, 6_000], [90, 9_000]);

test.each<[string, number, number, boolean]>([
  ['was given between two that are here', 60, 7_000, false],
  ['was given after all that are here', 110, 9_500, false],
  ['is higher than any that was given', 4_242, 9_500, true],
  ['is older than the namespace', 60, 100, true],
  ['is lower than that of one which was there before', 30, 7_000, true],
  ['is higher than that of one which came later', 60, 9_500, true],
  ['came within the same tick as its neighbour', 91, 8_995, false],
])('In a PID namespace of its own, a PID that %s is of elsewhere: %4$s', (_, pid, at, isSo) => {
  const root = layOut({ loadavg: '0.00 0.01 0.05 1/123 120\n' }, OWN);
  expect(isElsewhere({ pid, startTime: String(at) }, inTurn, root)).toBe(isSo);
});

test('Where PIDs have begun again from below, none is taken for one of elsewhere', () => {
  const root = layOut({ loadavg: '0.00 0.01 0.05 1/123 120\n' }, OWN);
  const process = { pid: 4_242, startTime: '100' };
  expect(isElsewhere(process, here([1, 5_000], [40, 9_000], [90, 6_000]), root)).toBe(false);
  expect(isElsewhere(process, here([1, 5_000], [130, 6_000]), root)).toBe(false);
});

test.each([['pid:[4026531836]'], [undefined]])('Where the namespace is %s, all is here', namespace => {
  const root = layOut({ loadavg: '0.00 0.01 0.05 1/123 120\n' }, namespace);
  expect(isElsewhere({ pid: 4_242, startTime: '100' }, inTurn, root)).toBe(false);
});

test('What shows nothing but its PID says nothing of the turn', () => {
  const root = layOut({ loadavg: '0.00 0.01 0.05 1/123 120\n' }, OWN);
  const nameless = createSnapshot([...inTurn.all, host(50, { startTime: '' })]);
  expect(isElsewhere({ pid: 60, startTime: '7000' }, nameless, root)).toBe(false);
});

const HIDDEN = 'the processes of other users are hidden from this one (hidepid of /proc)';
const UNABLE = 'Name:\tnode\nCapEff:\t0000000000000000\n';
const ABLE = 'Name:\tnode\nCapEff:\t0000000000080000\n';

test.each<[string, string, string, string | undefined]>([
  ['rw', UNABLE, 'as usual', undefined],
  ['rw,hidepid=invisible,gid=4242', UNABLE, 'without the group', HIDDEN],
  ['rw,gid=4242,hidepid=2', UNABLE, 'by its number', HIDDEN],
  ['rw,hidepid=ptraceable', UNABLE, 'to those who may not trace', HIDDEN],
  ['rw,hidepid=4', '', 'where nothing is known of us', HIDDEN],
  ['rw,hidepid=noaccess', UNABLE, 'where each is listed', undefined],
  ['rw,hidepid=invisible,gid=4242', ABLE, 'to one that may trace', undefined],
  [`rw,hidepid=invisible,gid=${process.getegid?.()}`, UNABLE, 'with the group', undefined],
  [`rw,hidepid=ptraceable,gid=${process.getegid?.()}`, UNABLE, 'whatever the group', HIDDEN],
])('A /proc mounted with %s hides others or not, %3$s', (options, status, _, hidden) => {
  const root = layOut({ 'self/status': status });
  const line = (point: string, more: string): string => `45 43 0:21 / ${point} rw - proc proc ${more}\n`;
  const text = `22 1 0:20 / / rw - ext4 /dev/vda rw\n${line(root, 'rw,hidepid=1')}${line(root, options)}${line('/other', 'rw')}`;
  writeFileSync(join(root, 'self/mountinfo'), text);
  expect(concealment(root)).toBe(hidden);
});
