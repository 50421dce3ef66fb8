import { describe, expect, it } from 'vitest';
import { openBodyBudget } from '../../functions/http/body-budget.js';

const TEN = ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '2001:db8:1::1'] as const;

function open(most = 100) {
  let time = 0;
  const dropped: string[] = [];
  const budget = openBodyBudget({ most, now: () => time });
  return {
    budget,
    dropped,
    pass(ms: number) {
      time += ms;
    },
    body: (name: string, source: string | undefined) => budget.open(source, () => void dropped.push(name)),
  };
}
const busy = expect.objectContaining({ code: 'busy', status: 503 });

describe('the room for bodies of unknown senders', () => {
  it('is counted as the bytes come, and given back', () => {
    const { budget, body } = open();
    const one = body('one', TEN[0]);
    expect(budget.held).toBe(0);
    one.add(10);
    one.add(5);
    expect(budget.held).toBe(15);
    one.release();
    one.release();
    expect(budget.held).toBe(0);
  });

  it('is taken by no network for more than a quarter: its own largest body makes room', () => {
    const { dropped, body, budget } = open();
    const large = body('large', TEN[0]);
    const small = body('small', TEN[0]);
    large.add(20);
    small.add(6);
    expect(dropped).toEqual(['large']);
    expect(budget.held).toBe(6);
    expect(() => large.add(1)).toThrow(busy);
    expect(() => large.complete()).toThrow(busy);
  });

  it('refuses the body that is itself the largest, and leaves the others', () => {
    const { dropped, body, budget } = open();
    const small = body('small', TEN[0]);
    const large = body('large', TEN[0]);
    small.add(10);
    expect(() => large.add(20)).toThrow(busy);
    expect(dropped).toEqual([]);
    expect(budget.held).toBe(10);
    small.complete();
  });

  it('is made by the largest of all where several networks fill it', () => {
    const { dropped, body, budget } = open();
    for (const source of TEN.slice(0, 4)) body(source, source).add(source === TEN[2] ? 25 : 24);
    body('small', TEN[4]).add(5);
    expect(dropped).toEqual([TEN[2]]);
    expect(budget.held).toBe(77);
  });

  it('is not made by bodies that came as a whole and are being looked at', () => {
    const { dropped, body } = open();
    const whole = body('whole', TEN[0]);
    whole.add(20);
    whole.complete();
    expect(() => body('other', TEN[0]).add(6)).toThrow(busy);
    expect(dropped).toEqual([]);
  });

  it('is whole for the unix socket, and one share for those of whom it is not known', () => {
    const { body } = open();
    body('socket', 'socket').add(100);
    expect(() => body('socket', 'socket').add(101)).toThrow(busy);
    expect(() => body('unknown', undefined).add(26)).toThrow(busy);
  });

  it('comes back although a platform drops a request without a word', () => {
    const { pass, dropped, body } = open();
    const whole = body('forgotten', TEN[0]);
    whole.add(25);
    whole.complete();
    pass(30_001);
    body('later', TEN[0]).add(25);
    expect(dropped).toEqual([]);
  });
});
