import { sign } from '@octokit/webhooks-methods';
import { describe, expect, it } from 'vitest';
import { expectProblem } from './bench.js';
import { openHooks, openNoted, problemsOf } from './hooks-bench.js';
import { commentOf, github, hmac, SECRET } from './hooks-platforms.js';

const HOUR = 3_600_000;
const closed = (at: number, more: object = {}) => ({
  action: 'closed',
  number: 12,
  pull_request: {
    number: 12,
    merged: false,
    closed_at: new Date(at).toISOString(),
    author_association: 'MEMBER',
    user: { login: 'octocat' },
    head: { repo: { full_name: 'octo/app' } },
    ...more,
  },
  repository: { full_name: 'octo/app' },
  sender: { login: 'octocat' },
});
const event = (name: string) => ({ 'x-github-event': name });

describe('the signature of GitHub', () => {
  it("holds for GitHub's own vector, though it says nothing to us", async () => {
    const { post } = await openHooks(github, { KILLSWITCH_GITHUB_SECRET: "It's a Secret to Everybody" });
    const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    const answer = await post('Hello, World!', { 'x-hub-signature-256': signature });
    expectProblem(answer, 400, 'invalid_request', 'body: must be JSON in UTF-8');
    const other = await post('Hello, World?', { 'x-hub-signature-256': signature });
    expectProblem(other, 401, 'unauthenticated');
  });

  it('may come from the official library', async () => {
    const { post, now, a1 } = await openHooks(github);
    const body = JSON.stringify(commentOf('/kill a1', now));
    const signature = await sign(SECRET, body);
    const headers = { ...event('issue_comment'), 'x-hub-signature-256': signature };
    expect((await post(body, headers)).status).toBe(200);
    expect(await a1.isAlive()).toBe(false);
  });

  it.each(['sha256=', 'sha1=', '', 'SHA256=', 'sha256==', 'sha256= '])('is none after %j', async prefix => {
    const { post, now, expectRefused } = await openHooks(github);
    const body = JSON.stringify(commentOf('/kill a1', now));
    const digits = prefix === 'sha256=' ? '' : hmac(SECRET, body).digest('hex');
    await expectRefused(
      await post(body, { ...event('issue_comment'), 'x-hub-signature-256': prefix + digits }),
    );
  });

  it('is none by SHA-1, in half, or with the ends cut off', async () => {
    const { post, now, expectRefused } = await openHooks(github);
    const body = JSON.stringify(commentOf('/kill a1', now));
    const digits = hmac(SECRET, body).digest('hex');
    for (const wrong of [
      digits.slice(0, 40),
      digits.slice(0, 32),
      digits.slice(1),
      `${digits}00`,
      `${digits}0`,
    ]) {
      await expectRefused(
        await post(body, { ...event('issue_comment'), 'x-hub-signature-256': `sha256=${wrong}` }),
      );
    }
  });

  it('does not reach the ID of the delivery: the body makes it the same operation', async () => {
    const { deliver, now, accepted } = await openHooks(github);
    const first = await deliver(commentOf('/kill a1', now), {}, { 'x-github-delivery': 'one' });
    const again = await deliver(commentOf('/kill a1', now), {}, { 'x-github-delivery': 'two' });
    expect(again.told).toEqual(first.told);
    expect(accepted()).toHaveLength(1);
  });

  it("does not reach the event's name: another body does not pass for a comment or a pull request", async () => {
    const { deliver, now, expectUntouched } = await openHooks(github);
    const { issue: _, ...review } = commentOf('/kill a1', now);
    expectProblem(await deliver(review), 400, 'invalid_request');
    expectProblem(await deliver(closed(now)), 400, 'invalid_request');
    expectProblem(
      await deliver(commentOf('/kill a1', now), {}, event('pull_request')),
      400,
      'invalid_request',
    );
    expectUntouched();
  });
});

describe('a comment on GitHub', () => {
  it('kills with the reason that it gives, in the name of its author', async () => {
    const { deliver, now, store } = await openHooks(github);
    await deliver(commentOf('It runs wild.\r\n/kill a1 it leaks  keys\r\nThanks!', now));
    const told = { actor: 'github:octocat', reason: 'it leaks keys', agentId: 'a1' };
    expect(store.memory.audit).toMatchObject([
      { ...told, phase: 'accepted' },
      { actor: 'github:octocat', agentId: 'a1', phase: 'settled' },
    ]);
  });

  it('may have several commands, of which each is an operation', async () => {
    const { deliver, now, accepted, agent } = await openHooks(github);
    await agent('a2');
    await agent('a3', { members: { labels: { team: 'core' } } });
    const text =
      '/kill a1\n/KILL a2 both of them\n/kill a1\n/kill-all label:team=core and they too\n/kill a?';
    const { status, told } = await deliver(commentOf(text, now));
    expect(status).toBe(200);
    expect(told.answers.map(answer => answer.status).sort()).toEqual([200, 200, 200, 400].sort());
    expect(told.ignored).toEqual(['/kill a?: a? is not an agent ID']);
    expect(
      accepted()
        .map(({ operation, agentId }) => agentId ?? operation)
        .sort(),
    ).toEqual(['KILL_ALL_AGENTS', 'a1', 'a2', 'a3'].sort());
  });

  it('that gives no reason gives its place', async () => {
    const { deliver, now, orders } = await openNoted(github);
    await deliver(commentOf('/kill a1\n/kill-all task=t1', now));
    expect(orders.map(({ body }) => body)).toEqual([
      { reason: 'octo/app#12' },
      { reason: 'octo/app#12', selector: { taskId: 't1' } },
    ]);
    expect(new Set(orders.map(({ key }) => key)).size).toBe(2);
  });

  it.each([
    ['no command', 'Please kill a1'],
    ['a command in the middle of a line', 'I would /kill a1'],
    ['a command that is quoted', '> /kill a1'],
    ['a command in indented code', 'As in:\n\n    /kill a1'],
    ['a command in a code span', '`/kill a1`'],
    ['a command in a list', '- /kill a1'],
    ['another command', '/killer a1'],
    ['nothing', ''],
  ])('asks for nothing with %s', async (_, text) => {
    const { deliver, now, expectUntouched } = await openHooks(github);
    expect(await deliver(commentOf(text, now))).toMatchObject({
      status: 200,
      told: { answers: [], ignored: ['no line of the comment begins with /kill or /kill-all'] },
    });
    expectUntouched();
  });

  it.each([
    ['/kill', '/kill: kill needs the ID of an agent'],
    ['/kill-all labels.team=core', '/kill-all labels.team=core: labels.team=core is not part of a selector'],
    [
      '/kill-all',
      '/kill-all: this would stop every agent, which only KILLSWITCH_GITHUB_SELECT=everything allows',
    ],
    [
      '/kill-all status=running now',
      '/kill-all status=running now: this would stop every agent, which only KILLSWITCH_GITHUB_SELECT=everything allows',
    ],
  ])('is told what %j lacks', async (text, why) => {
    const { deliver, now, expectUntouched } = await openHooks(github);
    expect(await deliver(commentOf(text, now))).toMatchObject({
      status: 200,
      told: { answers: [], ignored: [why] },
    });
    expectUntouched();
  });

  it('stops every agent where that is allowed', async () => {
    const { deliver, now, a1 } = await openHooks(github, { KILLSWITCH_GITHUB_SELECT: 'everything' });
    expect(await deliver(commentOf('/kill-all they all leak', now))).toMatchObject({
      status: 200,
      told: { answers: [{ status: 200, body: { total: 1, killed: 1 } }] },
    });
    expect(await a1.isAlive()).toBe(false);
  });

  it.each([
    ['a fence', 'Do not:\n```\n/kill a1\n```', 'a code block'],
    ['tildes', '~~~ sh\n/kill a1\n~~~', 'a code block'],
    ['a comment in HTML', '<!--\n/kill a1\n-->', 'HTML'],
    ['a fold', '<details>\n\n/kill a1\n\n</details>', '<details>'],
    ['a quote', '> As you said:\n/kill a1', 'a quote or a list: leave an empty line before it'],
    ['a code span', 'It is `\n/kill a1\n` here', 'a code span'],
  ])('asks for nothing in %s, and says why', async (_, text, place) => {
    const { deliver, now, expectUntouched } = await openHooks(github);
    expect(await deliver(commentOf(text, now))).toMatchObject({
      status: 200,
      told: { answers: [], ignored: [`/kill a1: it is inside ${place}`] },
    });
    expectUntouched();
  });

  it('is heard beside code and quotes', async () => {
    const { deliver, now, orders } = await openNoted(github);
    const text = '> what now?\n\nThe log of `a1`:\n```\n/kill a2\n```\nSo stop it:\n/kill a1 it `rm`s';
    const { told } = await deliver(commentOf(text, now));
    expect(orders.map(({ path }) => path)).toEqual(['/agents/a1/kill']);
    expect(told.ignored).toEqual(['/kill a2: it is inside a code block']);
  });

  it.each([
    ['its sender', {}, { login: 'helper', type: 'Bot' }],
    ['its author', { user: { login: 'helper[bot]', type: 'Bot' } }, { login: 'octocat', type: 'User' }],
    ['its author by the name', { user: { login: 'helper[bot]' } }, { login: 'octocat' }],
  ])('asks for nothing where a bot is %s, though it is a member', async (_, more, sender) => {
    const { deliver, now, expectUntouched } = await openHooks(github);
    const { told } = await deliver({ ...commentOf('/kill a1', now, more), sender });
    expect(told.ignored).toEqual([
      expect.stringMatching(/^helper(\[bot\])? is a bot, and only comments of people/),
    ]);
    expectUntouched();
  });

  it.each(['OWNER', 'MEMBER', 'COLLABORATOR'])('is heard of an %s', async association => {
    const { deliver, now } = await openHooks(github);
    const answer = await deliver(commentOf('/kill a1', now, { author_association: association }));
    expect(answer.told.answers).toMatchObject([{ status: 200 }]);
  });

  it.each(['CONTRIBUTOR', 'FIRST_TIMER', 'NONE', 'owner', ''])('is not heard of %j', async association => {
    const { deliver, now, expectUntouched } = await openHooks(github);
    const answer = await deliver(commentOf('/kill a1', now, { author_association: association }));
    expect([answer.status, answer.told]).toEqual([
      200,
      {
        answers: [],
        ignored: [`octocat is ${association}, which KILLSWITCH_GITHUB_ASSOCIATIONS does not allow`],
      },
    ]);
    expectUntouched();
  });

  it('is heard of those that the setting names alone', async () => {
    const { deliver, now, orders } = await openNoted(github, {
      KILLSWITCH_GITHUB_ASSOCIATIONS: 'CONTRIBUTOR, OWNER',
    });
    for (const association of ['MEMBER', 'CONTRIBUTOR']) {
      await deliver(commentOf('/kill a1', now, { author_association: association }));
    }
    expect(orders).toHaveLength(1);
  });

  it.each(['edited', 'deleted'])('asks for nothing when it was %s', async action => {
    const { deliver, now, expectUntouched } = await openHooks(github);
    const { told } = await deliver({ ...commentOf('/kill a1', now), action });
    expect(told).toEqual({ answers: [], ignored: [`the comment was ${action}`] });
    expectUntouched();
  });

  it.each(['yesterday', '', '2026-11-22'])('is refused when it was made at %j', async created_at => {
    const { deliver, now, expectRefused } = await openHooks(github);
    await expectRefused(await deliver(commentOf('/kill a1', now, { created_at })));
  });

  it('latches with a kill-all where that is set', async () => {
    const { deliver, now, send } = await openHooks(github, { KILLSWITCH_GITHUB_LATCH: 'true' });
    await deliver(commentOf('/kill-all task=t1 leaking', now));
    expect((await send('GET /latch')).json).toMatchObject({
      engaged: true,
      by: 'github:octocat',
      selector: { taskId: 't1' },
    });
  });
});

describe('a pull request on GitHub that is closed', () => {
  const labelled = { members: { labels: { 'pull-request': 'octo/app#12' } } };

  it('stops the agents that worked for it, and those alone', async () => {
    const { deliver, now, agent, a1, accepted } = await openHooks(github);
    const worker = await agent('worker', labelled);
    const { status, told } = await deliver(closed(now), {}, event('pull_request'));
    expect([status, told]).toMatchObject([
      200,
      { answers: [{ status: 200, body: { total: 1, killed: 1 } }] },
    ]);
    expect([await worker.isAlive(), await a1.isAlive()]).toEqual([false, true]);
    expect(accepted()[0]).toMatchObject({ actor: 'github:octocat', reason: 'octo/app#12 was closed' });
  });

  const fork = { head: { repo: { full_name: 'mallory/app' } } };
  const byMallory = { user: { login: 'mallory' }, author_association: 'NONE', ...fork };
  const as = (login: string, more: object = {}) => ({ sender: { login, ...more } });

  it.each<[string, object, object, object]>([
    ['a member who wrote it', {}, {}, {}],
    ['a member who wrote it in a fork', fork, {}, {}],
    ['whoever merged it', { ...byMallory, merged: true }, as('merger', { type: 'Bot' }), {}],
    ['somebody with rights, of a branch of the repository', {}, as('maintainer'), {}],
    ['automation with rights', {}, as('github-actions[bot]', { type: 'Bot' }), {}],
    [
      'the owner of the repository',
      byMallory,
      { ...as('Octo'), repository: { full_name: 'octo/app', owner: { login: 'octo' } } },
      {},
    ],
    ['one whom the setting names', byMallory, as('Maintainer'), { CLOSERS: 'maintainer, other' }],
    [
      'a contributor, where they are let in',
      { author_association: 'CONTRIBUTOR', ...fork },
      {},
      {
        ASSOCIATIONS: 'CONTRIBUTOR',
      },
    ],
  ])('counts when it was closed by %s', async (_, pull, more, set) => {
    const variables = Object.entries(set).map(([name, value]) => [`KILLSWITCH_GITHUB_${name}`, value]);
    const { deliver, now, orders } = await openNoted(github, Object.fromEntries(variables));
    await deliver({ ...closed(now, pull), ...more }, {}, event('pull_request'));
    expect(orders).toHaveLength(1);
  });

  const may = 'so it is not known whether they may stop agents: KILLSWITCH_GITHUB_CLOSERS can name them';
  it.each<[string, object, object, string]>([
    [
      'a stranger who wrote it',
      byMallory,
      as('mallory'),
      `mallory closed their own pull request and is NONE, ${may}`,
    ],
    [
      'a stranger who wrote it, in other letters',
      byMallory,
      as('Mallory'),
      `Mallory closed their own pull request and is NONE, ${may}`,
    ],
    [
      'a stranger who deletes the fork of another one',
      byMallory,
      as('accomplice'),
      `accomplice closed a pull request of mallory from a fork, ${may}`,
    ],
    [
      'a stranger whose fork is gone',
      { ...byMallory, head: { repo: null } },
      as('accomplice'),
      `accomplice closed a pull request of mallory from a fork, ${may}`,
    ],
  ])('counts for nothing when it was closed by %s, and says so', async (_, pull, more, why) => {
    const { deliver, now, agent, expectUntouched } = await openHooks(github);
    await agent('worker', labelled);
    const { told } = await deliver({ ...closed(now, pull), ...more }, {}, event('pull_request'));
    expect(told).toEqual({ answers: [], ignored: [why] });
    expectUntouched();
  });

  it('is the same operation when it comes again', async () => {
    const { deliver, now, agent, accepted } = await openHooks(github);
    await agent('worker', labelled);
    const first = await deliver(closed(now), {}, event('pull_request'));
    expect((await deliver(closed(now), {}, event('pull_request'))).told).toEqual(first.told);
    expect(accepted().filter(({ operation }) => operation === 'KILL_ALL_AGENTS')).toHaveLength(1);
  });

  it('may be known under another label, and latch', async () => {
    const { deliver, now, orders } = await openNoted(github, {
      KILLSWITCH_GITHUB_PULL_REQUEST_LABEL: 'pr',
      KILLSWITCH_GITHUB_LATCH: 'true',
    });
    await deliver(closed(now), {}, event('pull_request'));
    expect(orders.map(({ body }) => body)).toEqual([
      { reason: 'octo/app#12 was closed', selector: { labels: { pr: 'octo/app#12' } }, latch: true },
    ]);
    expect(orders[0]?.actor.scopes).toContain('latch:engage');
  });

  it('is refused when that was long ago, is to come, or is not told', async () => {
    const { deliver, now, expectRefused } = await openHooks(github);
    for (const pull of [closed(now - HOUR - 1_000), closed(now + HOUR), closed(now, { closed_at: null })]) {
      await expectRefused(await deliver(pull, {}, event('pull_request')));
    }
  });

  it('is none while it is open', async () => {
    const { deliver, now } = await openHooks(github);
    const opened = { ...closed(now, { closed_at: null }), action: 'synchronize' };
    expect((await deliver(opened, {}, event('pull_request'))).told).toEqual({
      answers: [],
      ignored: ['the pull request was synchronize'],
    });
  });
});

it.each(['ping', 'push', 'issues'])('asks for nothing: %s', async name => {
  const { deliver, now, expectUntouched } = await openHooks(github);
  expect(await deliver(commentOf('/kill a1', now), {}, event(name))).toMatchObject({
    status: 200,
    told: { answers: [], ignored: ['the event is neither issue_comment nor pull_request'] },
  });
  expectUntouched();
});

it.each([
  [
    'SELECT',
    'agentIds=issue.title',
    'must be unset, or everything, which lets an empty selector stop every agent',
  ],
  ['ASSOCIATIONS', 'OWNER,NONE', 'must be some of OWNER,MEMBER,COLLABORATOR,CONTRIBUTOR'],
  ['ASSOCIATIONS', ',', 'must be some of OWNER,MEMBER,COLLABORATOR,CONTRIBUTOR'],
  ['CLOSERS', 'octocat, the boss', 'must be GitHub logins, separated by commas'],
  ['PULL_REQUEST_LABEL', 'x'.repeat(129), 'must have at most 128 characters'],
  ['TOKEN', 'x', 'is not known'],
])('refuses to start with %s=%s', (name, value, problem) => {
  expect(problemsOf({ ...github.settings, [`KILLSWITCH_GITHUB_${name}`]: value })).toEqual([
    `KILLSWITCH_GITHUB_${name} ${problem}`,
  ]);
});
