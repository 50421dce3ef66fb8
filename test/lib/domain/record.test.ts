import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Agent, isStatus } from '../../../lib/domain/agent.js';
import { idOf, readRecord } from '../../../lib/domain/record.js';

const read = (raw: string | undefined) => readRecord({ agentId: 'a1', raw });
const agentIn = (members: Record<string, unknown>): Agent => {
  const reading = read(JSON.stringify({ status: 'running', ...members }));
  if (reading.kind !== 'agent') throw new Error(reading.why);
  return reading.agent;
};

describe('reading a record that any program may have written', () => {
  it('takes every member that is as it should be', () => {
    const full = {
      agentId: 'a1',
      status: 'killed',
      taskId: 't1',
      startedAt: '2026-11-22T10:00:00.000Z',
      host: 'h1',
      containerId: 'f'.repeat(64),
      process: { pid: 4242, startTime: '123456' },
      repository: '/srv/repos/app',
      worktreePath: '/srv/worktrees/a1',
      labels: { team: 'core' },
      expiresAt: '2026-11-23T10:00:00.000Z',
      kill: {
        operationId: 'op',
        requestedAt: '2026-11-22T11:00:00.000Z',
        requestedBy: 'alice',
        reason: 'r',
        pending: ['container', 'worktree'],
        attempts: 1,
        lastError: 'e',
        confirmedAt: '2026-11-22T11:00:01.000Z',
      },
    };
    const raw = ` ${JSON.stringify(full)}\n`;
    const sandboxes = [
      { kind: 'docker', id: 'f'.repeat(64) },
      { kind: 'process', id: '4242:123456' },
    ];
    expect(read(raw)).toEqual({ kind: 'agent', agent: { ...full, sandboxes }, raw });
  });

  it('says of a record without more than a status just that', () => {
    expect(agentIn({})).toEqual({ agentId: 'a1', status: 'running', sandboxes: [], labels: {} });
  });

  it('believes the key and not the text about whose record it is', () => {
    expect(agentIn({ agentId: 'another' }).agentId).toBe('a1');
    expect(idOf(read('{"status":"running","agentId":"another"}'))).toBe('a1');
    expect(idOf(read(''))).toBe('a1');
  });

  it.each([
    [undefined, 'the record is not UTF-8'],
    ['', 'the record is not JSON'],
    ['{"status":"running"', 'the record is not JSON'],
    ['\ufeff{"status":"running"}', 'the record is not JSON'],
    ['null', 'the record is not a JSON object'],
    ['[{"status":"running"}]', 'the record is not a JSON object'],
    ['"running"', 'the record is not a JSON object'],
    ['{}', 'the status is unknown'],
    ['{"status":"RUNNING"}', 'the status is unknown'],
    ['{"status":["running"]}', 'the status is unknown'],
    ['{"status":"running","status":"asleep"}', 'the status is unknown'],
  ])('cannot read %j', (raw, why) => {
    expect(read(raw)).toEqual({ kind: 'unreadable', agentId: 'a1', why });
  });

  it('cannot read what is kept as something else than text', () => {
    expect(readRecord({ agentId: 'a1', raw: undefined, isForeign: true })).toEqual({
      kind: 'unreadable',
      agentId: 'a1',
      why: 'the key is not a string',
    });
  });

  it('counts an empty text as absent, like the zero value that other languages write', () => {
    const zero = { taskId: '', host: '', containerId: '', repository: '', worktreePath: '', expiresAt: '' };
    expect(agentIn(zero)).toEqual({ agentId: 'a1', status: 'running', sandboxes: [], labels: {} });
  });

  it.each([
    null,
    4242,
    '4242',
    [],
    {},
    { pid: '1' },
    { pid: 1.5 },
    { pid: 0, startTime: '' },
    { pid: 1 },
    { pid: -5 },
  ])('counts %j as no process', process => {
    expect(agentIn({ process })).not.toHaveProperty('process');
  });

  it('takes a process without its start time', () => {
    expect(agentIn({ process: { pid: 7, startTime: 9 } }).process).toEqual({ pid: 7 });
  });

  it('keeps the labels that are text', () => {
    expect(agentIn({ labels: { a: 'x', b: 1, c: null, d: '' } }).labels).toEqual({ a: 'x', d: '' });
    expect(agentIn({ labels: ['a'] }).labels).toEqual({});
  });

  it('reads an odd kill as far as it can be read', () => {
    const none = { operationId: '', requestedAt: '', requestedBy: '', pending: [], attempts: 0 };
    expect(agentIn({ kill: {} }).kill).toEqual(none);
    expect(agentIn({ kill: { pending: 'container', attempts: '3', operationId: 1 } }).kill).toEqual(none);
    expect(
      agentIn({ kill: { pending: ['worktree', 'soul', 'container', 'worktree'] } }).kill?.pending,
    ).toEqual(['container', 'worktree']);
    expect(agentIn({ kill: 'yes' })).not.toHaveProperty('kill');
  });

  it('never throws, whatever the text is', () => {
    const records = fc.record(
      {
        status: fc.oneof(fc.constant('running'), fc.jsonValue()),
        process: fc.oneof(fc.record({ pid: fc.jsonValue(), startTime: fc.jsonValue() }), fc.jsonValue()),
        labels: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()),
        kill: fc.oneof(fc.record({ pending: fc.jsonValue(), attempts: fc.jsonValue() }), fc.jsonValue()),
        containerId: fc.jsonValue(),
        host: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      records.map(record => JSON.stringify(record)),
      fc.constant('['.repeat(100_000)),
    );
    fc.assert(
      fc.property(texts, raw => {
        const reading = read(raw);
        if (reading.kind === 'unreadable') return;
        expect(reading.raw).toBe(raw);
        expect(isStatus(reading.agent.status)).toBe(true);
        expect(Object.values(reading.agent)).not.toContain(undefined);
      }),
    );
  });
});
