import { describe, expect, it } from 'vitest';
import { throttleLog } from '../../functions/http/throttle-log.js';
import { fakeLog } from '../fakes/log.js';

function open(most?: number) {
  const time = { now: 1_000_000 };
  const log = fakeLog();
  return { time, log, throttled: throttleLog(log, { now: () => time.now }, most) };
}

describe('a throttled log', () => {
  it('writes so many lines of a message a minute, and then says how many it left out', () => {
    const { time, log, throttled } = open(2);
    for (let n = 0; n < 5; n++) throttled.info({ n }, 'refused');
    expect(log.lines.map(({ entry }) => entry)).toEqual([{ n: 0 }, { n: 1 }]);
    time.now += 59_999;
    throttled.info({ n: 5 }, 'refused');
    time.now += 1;
    throttled.info({ n: 6 }, 'refused');
    throttled.info({ n: 7 }, 'refused');
    expect(log.lines.slice(2).map(({ entry }) => entry)).toEqual([{ n: 6, leftOut: 4 }, { n: 7 }]);
  });

  it('counts each message by itself, and keeps levels', () => {
    const { log, throttled } = open(1);
    throttled.info({}, 'one');
    throttled.warn({}, 'two');
    throttled.error({}, 'three');
    throttled.error({}, 'one');
    expect(log.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'info one',
      'warn two',
      'error three',
    ]);
  });

  it('is not closed for longer by a clock that was set back', () => {
    const { time, log, throttled } = open();
    for (let n = 0; n < 40; n++) throttled.info({}, 'refused');
    expect(log.lines).toHaveLength(30);
    time.now -= 3_600_000;
    throttled.info({}, 'refused');
    expect(log.lines).toHaveLength(31);
  });
});
