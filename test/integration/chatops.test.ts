import { describe, expect, it } from 'vitest';
import {
  type Message,
  openReceiver,
  type Posted,
  slackForm,
  slackHeaders,
  slackPressForm,
  slackSettings,
} from '../functions/chatops-bench.js';
import { startContainer } from '../services/agents.js';
import { call, settings, startBuiltServer } from '../services/server.js';
import { openStoreOf } from '../services/store.js';

let labels = 0;

/** A server in a process of its own, a Slack of the tests beside it, and nobody else's containers in its reach. */
async function openSlackWorld() {
  const slack = await openReceiver();
  const label = `chatops-${process.pid}-${labels++}`;
  const environment = settings('sqlite', {
    ...slackSettings(slack.url),
    KILLSWITCH_SANDBOX: 'docker',
    KILLSWITCH_AGENT_LABEL: label,
  });
  const server = await startBuiltServer(environment);
  const post = async (body: string) => {
    const headers = slackHeaders(body, Math.floor(Date.now() / 1000));
    const response = await fetch(`${server.url}/chatops/slack`, { method: 'POST', headers, body });
    const text = await response.text();
    return { status: response.status, message: (text === '' ? undefined : JSON.parse(text)) as Message };
  };
  return {
    environment,
    /** Resolves with the first message that says so. */
    told: async (words: string): Promise<Posted> => {
      const find = () => slack.posted.find(({ message }) => message.text.includes(words));
      await expect.poll(find, { timeout: 20_000 }).toBeDefined();
      return find() as Posted;
    },
    posted: slack.posted,
    say: (words: string) => post(slackForm(words, { response_url: `${slack.url}/commands/T1/1/x` })),
    press: (message: Message, user?: string) => post(slackPressForm(slack.url, message, user)),
    /** A registered agent in a container. */
    async agent(agentId: string, taskId: string) {
      const container = await startContainer({ agentId, label });
      const body = { status: 'running', containerId: container.id, taskId };
      expect((await call(server.url, 'PUT', `/agents/${agentId}`, { body })).status).toBe(201);
      return container;
    },
  };
}

describe('Slack, with a real server and real containers', () => {
  it('stops one agent by a word, and is told in the end that it is dead', async () => {
    const { agent, say, told } = await openSlackWorld();
    const [a1, a2] = [await agent('a1', 't1'), await agent('a2', 't1')];
    const answer = await say('kill a1 it deletes things');
    expect([answer.status, answer.message.text]).toEqual([200, 'Stopping a1 …']);
    const { message } = await told('a1 is killed: it was seen dead');
    expect(message.replace_original).toBe(true);
    expect(message.blocks[1].text.text).toMatch(
      /^a1: dead; container dead after [\d.]+ ms, removed after [\d.]+ ms\n/,
    );
    expect([a1.pids(), a2.pids().length]).toEqual([[], 11]);
  });

  it('stops those of a selector by a press, which others may not do, and a second press does nothing more', async () => {
    const world = await openSlackWorld();
    const [a1, a2] = [await world.agent('a1', 't1'), await world.agent('a2', 't2')];
    const { message } = await world.say('all task=t2 too slow');
    expect(message.blocks[1].text.text).toContain('Right now: 1 agent.');

    await world.press(message, 'U2');
    expect((await world.told('you may not')).message.response_type).toBe('ephemeral');
    expect(a2.pids()).toHaveLength(11);

    await world.press(message);
    await world.told('1 agent killed: all were seen dead');
    expect([a1.pids().length, a2.pids()]).toEqual([11, []]);

    world.posted.length = 0;
    await world.press(message);
    await world.told('1 agent killed: all were seen dead');
    const audit = await (await openStoreOf(world.environment)).entries();
    const operations = audit.filter(({ operation }) => operation === 'KILL_ALL_AGENTS');
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(1);
  });
});
