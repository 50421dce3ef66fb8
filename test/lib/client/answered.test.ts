import { expect, it } from 'vitest';
import { answered, okAnswer } from '../../../lib/client/answered.js';
import { ClientError } from '../../../lib/client/error.js';

it('answers what was done', async () => {
  expect(await answered(Promise.resolve({ a: 1 }), okAnswer)).toEqual({ status: 200, body: { a: 1 } });
});

it('answers the problem, and 503 where no answer came', async () => {
  const body = { title: 'Unknown agent' };
  const refused = new ClientError('agent_not_found', { title: 'Unknown agent', status: 404, body });
  expect(await answered(Promise.reject(refused), okAnswer)).toEqual({ status: 404, body });
  const silent = new ClientError('unreachable', { title: 'No server answers' });
  expect(await answered(Promise.reject(silent), okAnswer)).toEqual({ status: 503, body: undefined });
});

it('does not take a fault of the program for an answer', async () => {
  await expect(answered(Promise.reject(new TypeError('x')), okAnswer)).rejects.toThrow(TypeError);
});
