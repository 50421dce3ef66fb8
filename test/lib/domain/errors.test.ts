import { describe, expect, it } from 'vitest';
import {
  type ErrorCode,
  errorRegistry,
  KillswitchError,
  shown,
  toProblem,
} from '../../../lib/domain/errors.js';

describe('an error', () => {
  it.each(Object.keys(errorRegistry) as ErrorCode[])('%s is told as a problem with its status', code => {
    const problem = toProblem(new KillswitchError(code, 'in our own words'), 'r1');
    const { status, title } = errorRegistry[code];
    expect(problem).toMatchObject({ type: `urn:killswitch:error:${code}`, status, title, code });
    expect(problem.requestId).toBe('r1');
  });

  it('says its title when it has no words of its own', () => {
    expect(new KillswitchError('forbidden').message).toBe('The credential does not allow this');
  });

  it.each([new Error('ECONNREFUSED 10.0.0.7'), 'a text', undefined, { status: 200 }, new TypeError('x')])(
    'says nothing of what was not made to be shown: %s',
    thrown => {
      expect(toProblem(thrown, 'r1')).toEqual({
        type: 'urn:killswitch:error:internal',
        title: 'Something failed inside',
        status: 500,
        code: 'internal',
        requestId: 'r1',
      });
    },
  );

  it('says nothing of the inside even in our own words', () => {
    expect(toProblem(new KillswitchError('internal', 'the secret is 42'), 'r1')).not.toHaveProperty('detail');
  });

  it('says that the store does not answer, and not why', () => {
    const cause = new Error('connect ECONNREFUSED redis://:password@10.0.0.7');
    const problem = toProblem(new KillswitchError('store_unavailable', undefined, { cause }), 'r1');
    expect(problem).toMatchObject({ status: 503, detail: 'The store does not answer' });
    expect(JSON.stringify(problem)).not.toContain('password');
  });

  it('keeps the cause for the log', () => {
    const cause = new Error('inside');
    expect(shown(cause)).toMatchObject({ code: 'internal', cause });
    const known = new KillswitchError('conflict');
    expect(shown(known)).toBe(known);
  });
});
