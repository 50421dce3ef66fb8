import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { catalogue } from '../../functions/catalogue.js';
import { mintToken } from '../../functions/node.js';
import { type Server, startServer } from '../../functions/server/start.js';
import { type Client, createClient } from '../../lib/client/client.js';
import { type Scope, scopes } from '../../lib/domain/actor.js';
import type { Registration } from '../../lib/domain/agent.js';
import { addWorktree, makeRepository, startProcess, temporaryDirectory } from '../services/agents.js';
import { newIdentity, setIdentity } from '../services/identity.js';
import { type Environment, endOf, runCli, startCli, until } from './cli-run.js';

const SECRET = 'a secret of thirty-two bytes or more';
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

let roots: string;
let server: Server;
let client: Client;
let env: Environment;
const closing: Server[] = [];
/** Of no other test: what is killed here is killed by it. */
const identity = newIdentity();
setIdentity(identity);
const apart = {
  KILLSWITCH_AGENT_LABEL: identity.label,
  KILLSWITCH_AGENT_VARIABLE: identity.variable,
};

async function serve(more: Environment = {}): Promise<{ server: Server; client: Client; env: Environment }> {
  const started = await startServer(catalogue, {
    log: silent,
    environment: {
      PORT: '0',
      KILLSWITCH_SECRET: SECRET,
      KILLSWITCH_STATE_DIR: temporaryDirectory(),
      KILLSWITCH_SANDBOX: 'process',
      ...apart,
      ...more,
    },
  });
  closing.push(started);
  const token = await mintToken({
    secret: SECRET,
    audience: 'killswitch',
    subject: 'test',
    scopes,
    ttlSeconds: 600,
  });
  const { url } = started;
  return {
    server: started,
    client: createClient({ url, token }),
    env: { KILLSWITCH_URL: url, KILLSWITCH_SECRET: SECRET },
  };
}

beforeAll(async () => {
  roots = temporaryDirectory();
  ({ server, client, env } = await serve({ KILLSWITCH_WORKTREE_ROOTS: roots }));
});
afterAll(() => Promise.all(closing.map(one => one.close())));

/** A real process tree, registered. */
async function startAgent(agentId: string, more: Partial<Registration> = {}) {
  const agent = await startProcess({ agentId, ignoreTerm: true });
  const { pid, startTime } = agent;
  await client.agents.register(agentId, { status: 'running', process: { pid, startTime }, ...more });
  return agent;
}

it('kills an agent, tells what was seen of it, and ends with 0', async () => {
  const repository = await makeRepository(join(roots, 'repository'));
  const worktreePath = await addWorktree(repository, join(roots, 'one'), 'one');
  const agent = await startAgent('one', { repository, worktreePath });
  const { code, stdout, stderr } = await runCli(['kill', 'one', '--reason', 'it loops'], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(agent.pids()).toEqual([]);
  expect(stdout).toMatch(
    /^Agent one killed successfully\n {2}one: dead; process dead after [\d.]+ ms; worktree moved after [\d.]+ ms to \/.*one~.*\n$/,
  );
  expect(await client.agents.get('one')).toMatchObject({ kill: { reason: 'it loops', pending: [] } });

  const again = await runCli(['kill', 'one'], env);
  expect(again).toMatchObject({ code: 1, stdout: '', stderr: 'killswitch: Agent one is killed\n' });
});

it('ends with 3 and warns while a death is unconfirmed', async () => {
  const engineless = await serve({
    KILLSWITCH_SANDBOX: 'docker',
    DOCKER_HOST: 'unix:///nonexistent/docker.sock',
  });
  await engineless.client.agents.register('lost', { status: 'running', containerId: 'a'.repeat(64) });
  const { code, stdout, stderr } = await runCli(['kill', 'lost'], engineless.env);
  expect(stdout).toContain('  lost: NOT CONFIRMED DEAD; container ');
  expect(stderr).toContain('May still be running: lost.');
  expect(code).toBe(3);
  const json = await runCli(['kill', 'lost', '--json'], engineless.env);
  expect(JSON.parse(json.stdout)).toMatchObject({ agentId: 'lost', verified: false, pending: ['container'] });
  expect(json.code).toBe(3);
});

it('ends with 3 when it was not asked whether it is dead', async () => {
  const disabled = await serve({ KILLSWITCH_SANDBOX: 'none' });
  await disabled.client.agents.register('unseen', { status: 'running' });
  const { code, stderr } = await runCli(['kill-all'], disabled.env);
  expect(stderr).toBe('killswitch: nothing was seen running of unseen: marked killed by the record alone\n');
  expect(code).toBe(3);
});

it('kills those that a selector selects, after a dry run that kills no agent', async () => {
  const labels = { team: 'core' };
  const [chosen, other] = [await startAgent('chosen', { taskId: 't9', labels }), await startAgent('other')];
  const selection = ['kill-all', '--task', 't9', '--label', 'team=core', '--status', 'running', 'spawning'];

  const dry = await runCli([...selection, '--dry-run'], env);
  expect(dry).toEqual({
    code: 0,
    stdout:
      'Dry run: 1 agent would be marked killed and stopped; what runs of them was not looked at\n  chosen  running\n',
    stderr: '',
  });
  expect(chosen.pids()).not.toEqual([]);

  const { code, stdout } = await runCli([...selection, '--json'], env);
  expect(JSON.parse(stdout)).toMatchObject({ total: 1, killed: 1, verified: true });
  expect(code).toBe(0);
  expect(chosen.pids()).toEqual([]);
  expect(other.pids()).not.toEqual([]);

  const all = await runCli(['kill-all'], env);
  expect(all.stdout).toMatch(/^1 of 1 agent killed\n {2}other: dead; process dead after/);
  expect(other.pids()).toEqual([]);
});

it('never ends without a word where a server closes the connection', async () => {
  const rude = createNetServer(socket => socket.destroy());
  await once(rude.listen(0, '127.0.0.1'), 'listening');
  const { port } = rude.address() as AddressInfo;
  const asked = { KILLSWITCH_URL: `http://127.0.0.1:${port}`, KILLSWITCH_TOKEN: 'x' };
  const ended = await Promise.all([runCli(['agents'], asked), runCli(['kill', 'a1'], asked)]);
  rude.close();
  for (const { code, stderr } of ended) {
    expect(stderr).toMatch(/^killswitch: No (server answers at|answer from) http/);
    expect(code).toBe(1);
  }
}, 60_000);

it('ends with 3 where nothing was found to stop, and names what was asked for', async () => {
  const empty = await serve();
  const found = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCli(['kill-all', ...args], empty.env);
    expect(stdout).toMatch(/^(No active agents|Dry run: 0 agents|1 of 1 agent|Dry run: 1 agent)/);
    return [code, stderr];
  };
  expect(await found()).toEqual([3, '']);
  const typo = 'killswitch: typo is no known agent\n';
  expect(await found('--agent', 'typo')).toEqual([3, typo]);
  expect(await found('--agent', 'typo', '--dry-run')).toEqual([3, typo]);
  expect(await found('--task', 't0', '--label', 'team=core')).toEqual([
    3,
    'killswitch: no active agent is among the agents with task t0\n' +
      'killswitch: no active agent is among the agents with label team=core\n',
  ]);

  const { pid, startTime } = await startProcess({ agentId: 'right', ignoreTerm: true });
  await empty.client.agents.register('right', { status: 'running', process: { pid, startTime } });
  expect(await found('--agent', 'right', '--agent', 'typo', '--dry-run')).toEqual([3, typo]);
  expect(await found('--agent', 'right', '--dry-run')).toEqual([0, '']);
  expect(await found('--agent', 'right', '--agent', 'typo')).toEqual([3, typo]);
}, 60_000);

it.each<[string, string[], () => Environment, string]>([
  ['an unknown agent to kill', ['kill', 'nobody'], () => env, 'Unknown agent nobody'],
  ['an unknown agent to show', ['agents', 'nobody'], () => env, 'Unknown agent nobody'],
  ['no credential', ['kill-all'], () => ({}), 'set KILLSWITCH_TOKEN'],
  [
    'a credential that does not hold',
    ['kill-all'],
    () => ({ KILLSWITCH_URL: server.url, KILLSWITCH_TOKEN: 'abc' }),
    'A valid credential is required: set KILLSWITCH_TOKEN',
  ],
  ['a weak secret', ['kill-all'], () => ({ KILLSWITCH_SECRET: 'short' }), 'at least 32 bytes'],
  [
    'a file that is not there',
    ['kill-all'],
    () => ({ KILLSWITCH_TOKEN_FILE: '/nonexistent' }),
    'KILLSWITCH_TOKEN_FILE names a file',
  ],
  [
    'no server',
    ['agents'],
    () => ({ PORT: '1', KILLSWITCH_SECRET: SECRET }),
    'No server answers at http://127.0.0.1:1: start one',
  ],
  [
    'a bad URL',
    ['agents'],
    () => ({ KILLSWITCH_URL: 'nowhere', KILLSWITCH_TOKEN: 'abc' }),
    'must be http:// or https://',
  ],
  [
    'nothing to sign with',
    ['token', '--sub', 'x', '--scope', 'agents:kill'],
    () => ({}),
    'KILLSWITCH_SECRET',
  ],
  ['a server without a key', ['serve'], () => ({}), 'set KILLSWITCH_SECRET'],
])('says what is wrong, and ends with 1, for %s', async (_, args, environment, sentence) => {
  const { code, stdout, stderr } = await runCli(args, environment());
  expect(stderr).toContain(sentence);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
});

it('makes tokens that the server takes for what they are good for, and prints nothing else', async () => {
  const make = (...args: string[]) =>
    runCli(['token', '--sub', 'ops', ...args], { KILLSWITCH_SECRET: SECRET });
  const { code, stdout, stderr } = await make('--scope', 'agents:read', 'agents:kill', '--agent', 'a7');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  const file = join(temporaryDirectory(), 'token');
  writeFileSync(file, stdout);
  const given = { KILLSWITCH_URL: server.url, KILLSWITCH_TOKEN_FILE: file };
  expect(await runCli(['kill', 'a8'], given)).toMatchObject({ code: 1, stdout: '' });
  expect((await runCli(['kill', 'a7'], given)).stderr).toContain('Unknown agent a7');
  expect((await runCli(['kill-all'], given)).stderr).toContain('needs the scope agents:kill-all');

  const most = { KILLSWITCH_SECRET: SECRET, KILLSWITCH_TOKEN_MAX_AGE: '1h' };
  const long = await runCli(['token', '--sub', 'ops', '--scope', 'agents:read', '--ttl', '2h'], most);
  expect(long).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('allow (1h)') });
  const json = await make('--scope', 'agents:read', '--ttl', '2h', '--once', '--json', '--audience', 'else');
  const { token, expiresInSeconds } = JSON.parse(json.stdout) as { token: string; expiresInSeconds: number };
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  expect(claims).toMatchObject({ sub: 'ops', aud: 'else', once: true, scope: 'agents:read' });
  expect([claims.exp - claims.iat, expiresInSeconds]).toEqual([7200, 7200]);
});

it('signs with a private key', async () => {
  const directory = temporaryDirectory();
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const [own, shared] = [join(directory, 'private.json'), join(directory, 'jwks.json')];
  writeFileSync(own, JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: 'k1' }));
  const kid = { kid: 'k1', alg: 'EdDSA' };
  writeFileSync(shared, JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), ...kid }] }));
  const keyed = await serve({ KILLSWITCH_SECRET: '', KILLSWITCH_JWKS: shared });
  const scope: Scope = 'agents:read';
  const { stdout } = await runCli(['token', '--sub', 'ops', '--scope', scope, '--private-key', own]);
  const listed = await runCli(['agents', '--url', keyed.server.url], { KILLSWITCH_TOKEN: stdout.trim() });
  expect(listed).toEqual({ code: 0, stdout: 'No agents found.\n', stderr: '' });
});

it('shows records without passing on what a terminal would obey', async () => {
  const evil = '\u001b[2J\u009b31m\u202eevil\u0007';
  await client.agents.register('hostile', { status: 'spawning', taskId: evil, labels: { [evil]: evil } });
  const json = await runCli(['agents', '--task', evil, '--json'], env);
  const shown = [
    ['agents', '--status', 'spawning'],
    ['agents', 'hostile'],
  ].map(args => runCli(args, env));
  for (const { code, stdout, stderr } of [json, ...(await Promise.all(shown))]) {
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(stdout).toContain('\\u001b[2J');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  }
  expect(JSON.parse(json.stdout)).toEqual([await client.agents.get('hostile')]);
});

it('follows the cursor to the last page, or until there are enough', async () => {
  const pages = [['a1', 'a2'], ['a3'], ['a4']];
  const asked: string[] = [];
  const paged = createServer((request, response) => {
    asked.push(request.url ?? '');
    const at = Number(new URL(request.url ?? '', 'http://x').searchParams.get('cursor') ?? 0);
    const agents = pages[at]?.map(agentId => ({ agentId, status: 'running' }));
    response.end(JSON.stringify({ agents, ...(at < 2 && { cursor: String(at + 1) }) }));
  }).listen(0, '127.0.0.1');
  await once(paged, 'listening');
  const url = `http://127.0.0.1:${(paged.address() as AddressInfo).port}`;
  const token = { KILLSWITCH_TOKEN: 'abc' };
  const list = async (...args: string[]) => {
    const { stdout } = await runCli(['agents', '--json', '--url', url, ...args], token);
    return (JSON.parse(stdout) as { agentId: string }[]).map(({ agentId }) => agentId);
  };
  try {
    expect(await list()).toEqual(['a1', 'a2', 'a3', 'a4']);
    expect(asked.splice(0)).toHaveLength(3);
    expect(await list('--limit', '3')).toEqual(['a1', 'a2', 'a3']);
    expect(asked).toEqual(['/agents?limit=3', '/agents?limit=1&cursor=1']);
  } finally {
    paged.closeAllConnections();
    paged.close();
  }
});

it.each<[string, Environment]>([
  ['a secret of the environment', { KILLSWITCH_SECRET: SECRET }],
  ['tokens that must be short', { KILLSWITCH_SECRET: SECRET, KILLSWITCH_TOKEN_MAX_AGE: '1h' }],
])('prints a token for development with %s too', async (_, given) => {
  const state = { KILLSWITCH_STATE_DIR: temporaryDirectory(), KILLSWITCH_SANDBOX: 'none', PORT: '0' };
  const cli = startCli(['serve', '--dev', '--json'], { ...state, ...given });
  const ended = endOf(cli);
  const { url, token } = JSON.parse(await until(cli.stderr, '}'));
  expect(await createClient({ url, token }).agents.list()).toEqual({ agents: [] });
  cli.kill('SIGTERM');
  expect((await ended).code).toBe(0);
});

it('serves with a secret and a token of its own for development, and ends in order', async () => {
  const state = {
    KILLSWITCH_STATE_DIR: temporaryDirectory(),
    KILLSWITCH_SANDBOX: 'process',
    PORT: '0',
    ...apart,
  };
  const cli = startCli(['serve', '--dev', '--functions', 'agents,health'], state);
  const ended = endOf(cli);
  const said = await until(cli.stderr, 'curl');
  const [, url = '', token = ''] = /KILLSWITCH_URL=(\S+) KILLSWITCH_TOKEN=(\S+)/.exec(said) ?? [];
  const developer = createClient({ url, token });
  expect(await developer.ready()).toMatchObject({ ready: true });
  expect(await developer.agents.list()).toEqual({ agents: [] });
  await expect(developer.killAll()).rejects.toMatchObject({ status: 405 });
  cli.kill('SIGTERM');
  const { code, stdout } = await ended;
  expect(code).toBe(0);
  expect(stdout).not.toContain(token);
});
