import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { mintToken } from '../../lib/adapters/jose/mint.js';
import { createClient } from '../../lib/client/client.js';
import { scopes } from '../../lib/domain/actor.js';
import { isAlive, startProcess } from '../services/agents.js';
import { buildForOthers } from '../services/build.js';
import { newIdentity } from '../services/identity.js';
import { afterFile } from '../services/registry.js';
import { SECRET } from '../services/server.js';
import { startCli, until } from './cli-run.js';

/** Nobody's, on any machine: the server's user, and another one. */
const [ANN, BOB] = [54_331, 54_332];
const { label, variable } = newIdentity();

let folder: string;
let program: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'killswitch-unprivileged-'));
  chmodSync(folder, 0o755);
  afterFile(() => rmSync(folder, { recursive: true, force: true }));
  program = buildForOthers(folder);
});

/** A server of an ordinary user, beside an engine whose socket this user may not open. */
async function serve() {
  const state = join(folder, 'state');
  mkdirSync(state, { recursive: true });
  chownSync(state, ANN, ANN);
  const environment = {
    PORT: '0',
    KILLSWITCH_SECRET: SECRET,
    KILLSWITCH_STATE_DIR: state,
    KILLSWITCH_AGENT_LABEL: label,
    KILLSWITCH_AGENT_VARIABLE: variable,
    DOCKER_HOST: inject('dockerHost'),
  };
  const server = startCli(['serve'], environment, { uid: ANN, gid: ANN, cwd: '/', program });
  afterFile(() => server.kill('SIGKILL'));
  const [, url = ''] = /"url":"([^"]+)"/.exec(await until(server.stdout, '"msg":"listening"')) ?? [];
  const ttlSeconds = 600;
  const token = await mintToken({
    secret: SECRET,
    audience: 'killswitch',
    subject: 'test',
    scopes,
    ttlSeconds,
  });
  return createClient({ url, token });
}

describe.runIf(process.getuid?.() === 0)('a server of an ordinary user', () => {
  it('settles what it may see, says what it may not, and calls nothing of it killed', async () => {
    const client = await serve();
    const own = await startProcess({ agentId: 'own', variable, user: ANN });
    const foreign = await startProcess({ agentId: 'foreign', variable, user: BOB });
    for (const [agentId, { pid, startTime }] of [
      ['own', own],
      ['foreign', foreign],
    ] as const) {
      await client.agents.register(agentId, { status: 'running', process: { pid, startTime } });
    }

    // No container is recorded, and the engine's socket is not this user's: that layer is left out, and it settles.
    const killed = await client.kill('own');
    expect(killed).toMatchObject({
      status: 200,
      confirmed: true,
      receipt: { message: 'Agent own killed successfully', verified: true, pending: [] },
    });
    expect(killed.receipt.outcomes).toContainEqual(
      expect.objectContaining({ layer: 'container', outcome: 'skipped' }),
    );
    expect(own.pids()).toEqual([]);

    const blind = await client.kill('foreign');
    expect(blind).toMatchObject({
      status: 202,
      receipt: {
        message: 'Agent foreign is not confirmed dead: process blind',
        verified: false,
        pending: ['process'],
      },
    });
    expect(isAlive(foreign.pid, foreign.startTime)).toBe(true);
    const { kill } = (await client.agents.get('foreign')) as { kill?: object };
    expect(kill).toMatchObject({ pending: ['process'] });
    expect(kill).not.toHaveProperty('confirmedAt');

    // An unknown agent may run under an environment that this user cannot read.
    await expect(client.kill('unheard-of')).rejects.toMatchObject({
      code: 'agent_not_found',
      message: expect.stringMatching(/this user may not read \d+ processes of this host/),
    });

    const all = await client.killAll();
    expect(all).toMatchObject({ status: 200, confirmed: false, receipt: { total: 0, verified: false } });
    const { ports } = await client.ready();
    expect(ports).toContainEqual(
      expect.objectContaining({
        name: 'process',
        ok: false,
        detail: expect.stringMatching(/may not be read/),
      }),
    );
  });
});
