import { describe, expect, it } from 'vitest';
import { ANSWER_WITHIN } from '../../functions/chatops/wait.js';
import type { Actor } from '../../lib/domain/actor.js';
import type { ApiRequest, ApiResponse } from '../../lib/triggers/api-request.js';
import { fakeCommandsFor } from '../fakes/commands.js';
import { impatient, openChat, slack, slackPress } from './chatops-bench.js';

const agent = (more: object) => ({
  agentId: 'a1',
  operationId: 'o1',
  verified: false,
  pending: ['container'],
  outcomes: [{ layer: 'container', outcome: 'failed', detail: 'the engine does not answer' }],
  ...more,
});
const dead = agent({
  verified: true,
  pending: [],
  outcomes: [{ layer: 'container', outcome: 'removed', deadAfterMs: 9.4, settledAfterMs: 80 }],
});
const receiptOf = (one: object) => ({
  operationId: 'o1',
  message: 'm',
  verified: false,
  agents: [one],
  total: 1,
  killed: 0,
  pending: 1,
});
const open: ApiResponse = { status: 202, body: { message: 'm', ...agent({}) } };
const running: ApiResponse = {
  status: 200,
  body: { operationId: 'o1', state: 'running', receipt: receiptOf(agent({})) },
};
const ended = (one: object, more: object): ApiResponse => ({
  status: 200,
  body: { operationId: 'o1', state: 'ended', receipt: { ...receiptOf(one), ...more } },
});

/** A server that answers as it is told to, one answer a request; the last one again and again. */
function scripted(...answers: ApiResponse[]) {
  const orders: (ApiRequest & { readonly scopes: readonly string[] })[] = [];
  const answer = async (actor: Actor, request: ApiRequest): Promise<ApiResponse> => {
    orders.push({ ...request, scopes: [...actor.scopes] });
    const [next] = answers.length > 1 ? answers.splice(0, 1) : answers;
    return next ?? { status: 500, body: undefined };
  };
  return { commandsFor: fakeCommandsFor(answer), orders };
}

describe('a stop that is not confirmed at once', () => {
  it('is followed to its end, with few messages, and killed is said only of what was seen dead', async () => {
    const { commandsFor, orders } = scripted(
      open,
      running,
      running,
      ended(dead, { verified: true, killed: 1, pending: 0 }),
    );
    const chat = await openChat({ commandsFor });
    await slack(chat, 'kill a1');
    await chat.settle();
    expect(chat.posted.map(({ message: { text } }) => text)).toEqual([
      'a1 is NOT confirmed dead',
      'a1 is killed: it was seen dead',
    ]);
    const bodies = chat.posted.map(({ message: { blocks } }) => blocks[1].text.text.split('\n')[0]);
    expect(bodies).toEqual([
      'a1: NOT CONFIRMED DEAD; container failed: the engine does not answer',
      'a1: dead; container dead after 9.4 ms, removed after 80 ms',
    ]);
    expect(orders.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /agents/a1/kill',
      ...Array(3).fill('GET /operations/o1'),
    ]);
    expect(orders[1]?.scopes).toEqual(['agents:read']);
  });

  it('is told as it stands when its operation ends without it', async () => {
    const { commandsFor } = scripted(open, ended(agent({}), {}));
    const chat = await openChat({ commandsFor });
    await slack(chat, 'kill a1');
    await chat.settle();
    const { text, blocks } = chat.posted.at(-1)?.message ?? {};
    expect(text).toBe('a1 is NOT confirmed dead');
    expect(blocks[1].text.text).toContain('What is pending is retried in the background');
  });

  it('is given up after ten minutes, within the five messages that Slack allows', async () => {
    let looks = 0;
    let waited = 0;
    const commandsFor = fakeCommandsFor(async (_, { method }) => {
      if (method === 'POST') return open;
      const one = agent({
        outcomes: [{ layer: 'container', outcome: 'pending', detail: `look ${++looks}` }],
      });
      return { status: 200, body: { operationId: 'o1', state: 'running', receipt: receiptOf(one) } };
    });
    const wait = async (ms: number): Promise<void> => {
      waited += ms;
    };
    const chat = await openChat({ commandsFor, wait });
    await slack(chat, 'kill a1');
    await chat.settle();
    expect(chat.posted).toHaveLength(4);
    expect(waited).toBeGreaterThanOrEqual(600_000);
    expect(waited).toBeLessThan(620_000);
    expect(chat.posted.at(-1)?.message.blocks[1].text.text).toContain(`look ${looks}`);
    expect(chat.posted.at(-1)?.message.blocks[1].text.text).toContain('killswitch operation o1');
  });

  it('is no longer watched when the process is to end', async () => {
    const closing = new AbortController();
    const { commandsFor, orders } = scripted(open, running);
    const chat = await openChat({ commandsFor, closing: closing.signal });
    await slack(chat, 'kill a1');
    closing.abort();
    await chat.settle();
    expect(orders).toHaveLength(1);
    expect(chat.posted.at(-1)?.message.text).toBe('a1 is NOT confirmed dead');
  });

  it('stays dead in what is told, though an older receipt says less', async () => {
    const { commandsFor } = scripted(
      { status: 202, body: { message: 'm', ...dead, pending: ['worktree'] } },
      ended(agent({}), {}),
    );
    const chat = await openChat({ commandsFor });
    await slack(chat, 'kill a1');
    await chat.settle();
    expect(chat.posted.at(-1)?.message.text).toBe('a1 is dead, and not all is cleaned up');
  });
});

describe('what went wrong', () => {
  it.each<[string, string, ApiResponse, RegExp]>([
    [
      'an unknown agent',
      'kill a1',
      { status: 404, body: { title: 'Unknown agent', detail: 'Unknown agent a1' } },
      /^a1 was not stopped by this\nUnknown agent a1$/,
    ],
    [
      'an answer without words',
      'kill a1',
      { status: 502, body: undefined },
      /^It is not known whether a1 was stopped\nThe server gave no answer that can be read$/,
    ],
    ['a refusal of the server', 'kill a1', { status: 403, body: {} }, /^Nothing was done: you may not/],
    [
      'an agent of which nothing was looked at',
      'kill a1',
      { status: 200, body: { message: 'm', ...agent({ pending: [], outcomes: [] }) } },
      /nothing of it was seen running/,
    ],
    [
      'a latch that may not be engaged',
      'latch',
      { status: 503, body: { title: 'The store does not answer' } },
      /^It is not known whether the emergency stop was changed\nThe store does not answer$/,
    ],
  ])('is told: %s', async (_, words, answer, told) => {
    const { commandsFor } = scripted(answer);
    const chat = await openChat({ commandsFor });
    await slack(chat, words);
    await chat.settle();
    const { blocks } = chat.posted.at(-1)?.message ?? {};
    expect([blocks[0].text.text, blocks[1].text.text.split('\n')[0]].join('\n')).toMatch(told);
  });
});

describe('who may not', () => {
  it.each([
    ['kill a1', 'agents:kill', 'POST /agents/a1/kill'],
    ['all', 'agents:kill-all', 'POST /agents/kill-all'],
    ['latch', 'latch:engage', 'POST /latch'],
    ['reset over', 'latch:reset', 'DELETE /latch'],
    ['status', 'agents:read', 'GET /latch'],
  ])('is told so alone, and the server hears of it: %s', async (words, scope, line) => {
    const { commandsFor, orders } = scripted({ status: 403, body: {} });
    const chat = await openChat({ commandsFor });
    const { message } = await slack(chat, words, { user_id: 'U2' });
    expect(message).toMatchObject({
      response_type: 'ephemeral',
      text: 'Nothing was done: you may not do this here',
    });
    expect(message.blocks[1].text.text).toContain(`KILLSWITCH_SLACK_ALLOW, such as with user:U2=${scope}`);
    await chat.settle();
    expect(orders.map(({ method, path }) => `${method} ${path}`)).toEqual([line]);
    expect(orders[0]?.scopes).toEqual([]);
    expect(chat.posted).toEqual([]);
  });

  it('may do in a channel what the channel allows', async () => {
    const chat = await openChat();
    const { isAlive } = await chat.agent('a1');
    await slack(chat, 'kill a1', { user_id: 'U2', channel_id: 'C9' });
    await chat.settle();
    expect(await isAlive()).toBe(false);
  });
});

describe('the confirmation', () => {
  it.each<[string, ApiResponse | 'never']>([
    ['fails', { status: 503, body: {} }],
    ['says nothing that can be read', { status: 200, body: { hello: 1 } }],
    ['does not come in time', 'never'],
  ])('is asked for without a number when the preview %s', async (_, answer) => {
    const commandsFor = fakeCommandsFor(() =>
      answer === 'never' ? new Promise(() => undefined) : Promise.resolve(answer),
    );
    const wait = answer === 'never' ? async () => undefined : impatient;
    const chat = await openChat({ commandsFor, wait });
    const { message } = await slack(chat, 'all label:team=core');
    expect(message.text).toBe('Stop the agents with label team=core?');
    expect(message.blocks.at(-1).elements[0].text.text).toBe('Stop them');
  });

  it('gives the order under a key of its own, and the same one with every press', async () => {
    const { commandsFor, orders } = scripted({
      status: 200,
      body: { operationId: 'o', message: 'm', verified: true, total: 0, killed: 0, agents: [] },
    });
    const chat = await openChat({ commandsFor });
    const first = (await slack(chat, 'all')).message;
    const second = (await slack(chat, 'all')).message;
    for (const message of [first, first, second]) await slackPress(chat, message);
    await chat.settle();
    const keys = orders.flatMap(({ key }) => key ?? []);
    expect(keys).toEqual([keys[0], keys[0], keys[2]]);
    expect(new Set(keys).size).toBe(2);
    expect(chat.posted.at(-1)?.message.text).toBe('m');
  });
});

describe('the emergency stop', () => {
  it('is engaged, shown and reset from a chat; a reset needs a reason and works once', async () => {
    const chat = await openChat();
    await chat.agent('a1');
    const told = () => chat.posted.at(-1)?.message.text;
    const engaging = await slack(chat, 'latch label:team=core it spreads');
    expect(engaging.message.text).toBe('Engaging the emergency stop for the agents with label team=core …');
    await chat.settle();
    expect(told()).toMatch(
      /^The emergency stop is ENGAGED for the agents with label team=core, since .* by slack:T1:U1: it spreads$/,
    );

    const status = (await slack(chat, 'status')).message;
    expect(status).toMatchObject({ response_type: 'ephemeral', text: told() });
    expect(status.blocks[1].text.text).toBe('running: 1 (a1)\nspawning: 0');

    expect((await slack(chat, 'reset')).message.text).toBe('Nothing was reset: a reset needs a reason');
    await slack(chat, 'reset put out');
    await chat.settle();
    expect(told()).toBe('The emergency stop is not engaged: agents can run');
    await slack(chat, 'latch');
    await chat.settle();
    await slack(chat, 'reset put out');
    await chat.settle();
    expect(told()).toMatch(/^The emergency stop is ENGAGED/);
    expect((await chat.send('GET /latch')).json).toMatchObject({ engaged: true });
  });

  it('is looked at behind the answer when that takes long', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>(resolve => {
      release = resolve;
    });
    const commandsFor = fakeCommandsFor(async () => {
      await gate;
      return { status: 200, body: { engaged: false, agents: [] } };
    });
    const chat = await openChat({ commandsFor, wait: async ms => void (ms === ANSWER_WITHIN) });
    expect((await slack(chat, 'status')).message.text).toBe('Reading the status …');
    release();
    await chat.settle();
    expect(chat.posted.at(-1)?.message.text).toBe('The emergency stop is not engaged: agents can run');
  });

  it.each([
    ['latch', { engaged: false }],
    ['reset over', { engaged: true, selector: {}, since: '2026-11-22T10:00:00Z', by: 'alice' }],
  ])('is said to be changed in part where an origin of a gateway did not do it: %s', async (words, latch) => {
    const errors = ['origin two did not answer'];
    const { commandsFor } = scripted({ status: 202, body: { ...latch, errors } });
    const chat = await openChat({ commandsFor });
    await slack(chat, words);
    await chat.settle();
    const { text, blocks } = chat.posted.at(-1)?.message ?? {};
    expect(text).toBe('The emergency stop was not changed everywhere');
    expect(blocks[1].text.text).toBe('origin two did not answer\nasked by alice (U1)');
  });

  it('is said to be open only where it was looked at', async () => {
    const errors = ['origin two did not answer'];
    const { commandsFor } = scripted({ status: 202, body: { engaged: false, errors, agents: [] } });
    const chat = await openChat({ commandsFor });
    const { message } = await slack(chat, 'status');
    expect(message.text).toBe('The emergency stop is not engaged where it could be read');
    expect(message.blocks[1].text.text).toBe('origin two did not answer\nrunning: 0\nspawning: 0');
  });

  it('says what it does not know', async () => {
    const { commandsFor } = scripted({ status: 503, body: { title: 'The store does not answer' } });
    const chat = await openChat({ commandsFor });
    const { message } = await slack(chat, 'status');
    expect(message.text).toBe('The state of the emergency stop could not be read');
    expect(message.blocks[1].text.text).toContain('running: not known');
  });
});

it('helps with what was not understood, and does nothing', async () => {
  const chat = await openChat();
  await chat.agent('a1');
  const { message } = await slack(chat, 'all team=core');
  expect(message).toMatchObject({
    response_type: 'ephemeral',
    text: 'Nothing was done: team=core is not part of a selector',
  });
  chat.expectUntouched();
});
