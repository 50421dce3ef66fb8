import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { valuesOf } from '../../lib/adapters/process/environ.js';
import { gather } from '../../lib/adapters/process/gather.js';
import { exists, signalEach } from '../../lib/adapters/process/signal.js';
import { createSnapshot, type HostProcess, identity } from '../../lib/adapters/process/table.js';
import { host } from './process.helper.js';

const NAME = 'KILLSWITCH_AGENT_ID';
const entries = (...lines: string[]): Buffer => Buffer.from(lines.join('\0'), 'latin1');

describe('the variable in an environment', () => {
  it.each<[string, Buffer, string[]]>([
    ['alone', entries(`${NAME}=a1`, ''), ['a1']],
    ['last, and cut off', entries('PATH=/bin', `${NAME}=a1`), ['a1']],
    ['between others', entries('PATH=/bin', `${NAME}=a1`, 'HOME=/', ''), ['a1']],
    ['twice', entries(`${NAME}=a1`, `${NAME}=a2`, ''), ['a1', 'a2']],
    ['without a value', entries(`${NAME}=`, ''), ['']],
    ['with a value that holds its own name', entries(`${NAME}=${NAME}=a1`, ''), [`${NAME}=a1`]],
    ['with bytes that are no text', entries(`${NAME}=\xff\xfe`, ''), ['\xff\xfe']],
    ['as the end of another name', entries(`X${NAME}=a1`, ''), []],
    ['as the start of another name', entries(`${NAME}S=a1`, ''), []],
    ['in the value of another', entries(`X=${NAME}=a1`, ''), []],
    ['nowhere', Buffer.alloc(0), []],
  ])('is found %s', (_, environ, values) => {
    expect(valuesOf(environ, NAME)).toEqual(values);
  });
});

describe('a signal', () => {
  const kill = vi.spyOn(process, 'kill');
  const fail = (code?: string) => () => {
    throw Object.assign(new Error('refused'), { code });
  };
  beforeEach(() => kill.mockReset().mockReturnValue(true));
  afterEach(() => kill.mockReset().mockReturnValue(true));

  it('reaches who still is the same, and is counted', () => {
    const [same, another] = [host(1_001), host(1_002)];
    expect(signalEach([same, another], 'SIGKILL', one => one === same)).toEqual({ sent: 1, denied: [] });
    expect(kill.mock.calls).toEqual([[1_001, 'SIGKILL']]);
  });

  it.each([
    ['PID 1', 1],
    ['PID 0, our own group', 0],
    ['PID -1, everybody', -1],
    ['a whole group', -1_001],
    ['this very process', process.pid],
  ])('never goes to %s', (_, pid) => {
    expect(signalEach([host(pid)], 'SIGKILL', () => true)).toEqual({ sent: 0, denied: [] });
    expect(kill).not.toHaveBeenCalled();
  });

  it('may go to PID 2, which is a process like others in a namespace', () => {
    signalEach([host(2)], 'SIGKILL', () => true);
    expect(kill.mock.calls).toEqual([[2, 'SIGKILL']]);
  });

  it.each(['EPERM', 'EACCES'])('tells who may not be signalled (%s), and goes on to the others', code => {
    const [locked, open] = [host(1_001), host(1_002)];
    kill.mockImplementationOnce(fail(code));
    expect(signalEach([locked, open], 'SIGSTOP', () => true)).toEqual({ sent: 1, denied: [locked] });
  });

  it('takes who is gone for gone', () => {
    kill.mockImplementationOnce(fail('ESRCH'));
    expect(signalEach([host(1_001), host(1_002)], 'SIGSTOP', () => true)).toEqual({ sent: 1, denied: [] });
  });

  it.each([
    ['EPERM', true],
    ['EACCES', true],
    ['ESRCH', false],
  ])('that is none tells whether a PID is in use (%s)', (code, isSo) => {
    expect(exists(1_001)).toBe(true);
    expect(kill).toHaveBeenLastCalledWith(1_001, 0);
    kill.mockImplementationOnce(fail(code));
    expect(exists(1_001)).toBe(isSo);
  });

  it.each([0, -1, 0.5, Number.NaN])('is sent to none to see whether PID %d is in use, which is none', pid => {
    expect(exists(pid)).toBe(false);
    expect(kill).not.toHaveBeenCalled();
  });

  it.each(['EINVAL', undefined])('does not hide what else goes wrong (%s)', code => {
    kill.mockImplementationOnce(fail(code));
    expect(() => signalEach([host(1_001)], 'SIGSTOP', () => true)).toThrow('refused');
  });
});

describe('what belongs to an agent', () => {
  const labels = ['a1'];
  const living = (processes: readonly HostProcess[], known = new Map()) =>
    gather(createSnapshot(processes), 'a1', known).living.map(({ pid }) => pid);

  it('is what carries its ID, with all descendants, and no other process', () => {
    const tree = [host(100, { labels }), host(101, { ppid: 100 }), host(102, { ppid: 101 }), host(200)];
    expect(living([host(1, { ppid: 0 }), ...tree])).toEqual([100, 101, 102]);
  });

  it('is never what is dead, but what a dead member left behind is', () => {
    const left = [host(100, { labels, state: 'dead' }), host(101, { ppid: 100 })];
    expect(living(left)).toEqual([101]);
  });

  it('is not what a kernel thread started', () => {
    expect(living([host(100, { labels, kernel: true }), host(101, { ppid: 100 })])).toEqual([]);
  });

  it('spares this process, its ancestors and PID 1, and kills the rest of the tree', () => {
    const init = host(1, { ppid: 0 });
    const parent = host(process.ppid, { labels, ppid: 1 });
    const [self, sibling] = [
      host(process.pid, { ppid: process.ppid }),
      host(100_000_001, { ppid: process.ppid }),
    ];
    const { living, spared } = gather(createSnapshot([init, parent, self, sibling]), 'a1', new Map());
    expect(living).toEqual([sibling]);
    expect(new Set(spared)).toEqual(new Set([parent, self]));
  });

  it('comes to an end where the parents go round in a circle', () => {
    const ring = [host(process.pid, { ppid: 100 }), host(100, { labels, ppid: process.pid })];
    expect(living(ring)).toEqual([]);
  });

  it('takes from a group only those whom their parents have left, and from no group that the member does not lead', () => {
    const led = host(100, { labels, session: 40 });
    const orphan = host(101, { group: 100, session: 40, ppid: 1 });
    const stranger = host(102, { group: 103, session: 40, ppid: 1 });
    expect(living([host(1, { ppid: 0, session: 1 }), led, orphan, stranger])).toEqual([100, 101]);
    const follower = host(104, { labels, group: 103, session: 40, ppid: 1 });
    expect(living([host(1, { ppid: 0, session: 1 }), follower, stranger])).toEqual([104]);
  });

  it('is not who is of a session or a group of that number which the member itself is not in', () => {
    const member = host(100, { labels, group: 40, session: 40 });
    expect(living([member, host(101, { group: 100, session: 100 })])).toEqual([100]);
  });

  it('keeps who was known, also when the variable and the parent are gone, but not another one under that PID', () => {
    const one = host(100);
    expect(living([one], new Map([[identity(one), one]]))).toEqual([100]);
    expect(living([host(100, { startTime: '6' })], new Map([[identity(one), one]]))).toEqual([]);
    expect(living([], new Map([[identity(one), one]]))).toEqual([]);
  });
});
