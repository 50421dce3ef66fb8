import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLog } from '../../lib/adapters/log.js';
import { temporaryDirectory } from '../services/temporary.js';

type Line = Record<string, unknown>;

/** What stands in the log after `write`. */
async function written(write: (log: ReturnType<typeof openLog>) => void, level = 'info'): Promise<Line[]> {
  const destination = join(temporaryDirectory(), 'log');
  write(openLog({ level, destination }));
  const lines = (): string[] => readFileSync(destination, 'utf8').split('\n').filter(Boolean);
  await expect.poll(() => lines().at(-1) ?? '').toContain('the end');
  return lines().map(line => JSON.parse(line) as Line);
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const circle: { self?: object } = {};
circle.self = circle;

describe('the log', () => {
  it.each([
    ['an entry', { agentId: 'a1', outcomes: [{ layer: 'container' }] }],
    ['nothing', {}],
    ['what would break out of its line', { reason: '"}\n{"level":"error"', 'a\nb': '\u2028\u0000\ud800' }],
    ['a word that is fenced, as a value', { reason: 'the "token": was seen' }],
  ])('holds %s in one line of JSON, with its level and the time', async (_, entry) => {
    const [line] = await written(log => log.warn(entry, 'it\n"is"') ?? log.error({}, 'the end'));
    const { reason, ...rest } = entry as Line;
    expect(line).toMatchObject({ level: 'warn', timestamp: expect.stringMatching(ISO), msg: 'it\n"is"' });
    expect(Object.keys(line ?? {})).toEqual(['level', 'timestamp', ...Object.keys(entry), 'msg']);
    expect(line?.['reason']).toBe(reason);
    expect(Object.keys(rest).every(name => name in (line ?? {}))).toBe(true);
  });

  it.each([
    ['with nothing to hide', {}],
    ['with something to hide', { token: 's3cret' }],
  ])('keeps the time that an audit entry brings, and writes no other, %s', async (_, more) => {
    const timestamp = '2026-11-22T10:00:00.000Z';
    const [line] = await written(log => {
      log.warn({ timestamp, agentId: 'a1', ...more }, 'agent killed');
      log.error({}, 'the end');
    });
    expect(line).toMatchObject({ timestamp, agentId: 'a1' });
    expect(line).not.toHaveProperty('time');
  });

  it('hides credentials, on their own and one deep', async () => {
    const entry = {
      token: 's3cret',
      authorization: 's3cret',
      settings: { secret: 's3cret' },
      req: { headers: 's3cret' },
    };
    const lines = await written(log => {
      for (const [name, value] of Object.entries(entry)) log.info({ [name]: value, other: 1 }, name);
      log.info({}, 'the end');
    });
    expect(JSON.stringify(lines)).not.toContain('s3cret');
    expect(lines).toHaveLength(5);
  });

  it('tells an error with its cause and where it was thrown', async () => {
    const [line] = await written(log => {
      log.error({ err: new TypeError('odd') }, 'went wrong');
      log.error({}, 'the end');
    });
    expect(line).toMatchObject({
      err: { type: 'TypeError', message: 'odd', stack: expect.stringContaining('log.test') },
    });
  });

  it.each([
    ['goes round in a circle', circle],
    ['is a big number', { n: 1n }],
  ])('writes also what %s', async (_, entry) => {
    const lines = await written(log => log.info(entry, 'odd') ?? log.info({}, 'the end'));
    expect(lines).toMatchObject([{ msg: 'odd' }, { msg: 'the end' }]);
  });

  it('leaves out what is below its level', async () => {
    const lines = await written(log => {
      log.info({}, 'too little');
      log.warn({ agentId: 'a1' }, 'too little');
      log.error({}, 'the end');
    }, 'error');
    expect(lines).toMatchObject([{ msg: 'the end' }]);
  });
});
