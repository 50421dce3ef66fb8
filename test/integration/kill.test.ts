import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { engine, git, temporaryDirectory } from '../services/agents.js';
import { storeKinds, tokenFor } from '../services/server.js';
import { openWorld } from './world.js';

const gone = { statusCode: 404 };

describe.each(storeKinds)('killing one agent on %s', store => {
  it('stops one agent with full clean-up: container, worktree, record, audit', async () => {
    const world = await openWorld(store);
    const agent = await world.containerAgent({ worktree: true, taskId: 't1' });
    const path = `/agents/${agent.agentId}/kill`;
    const { status, body } = await world.request('POST', path, { body: { reason: 'leaking keys' } });

    expect(body).toMatchObject({
      message: `Agent ${agent.agentId} killed successfully`,
      agentId: agent.agentId,
      statusBefore: 'running',
      taskId: 't1',
      verified: true,
      pending: [],
    });
    expect(status).toBe(200);
    const outcomes = Object.fromEntries(body.outcomes.map((one: { layer: string }) => [one.layer, one]));
    expect(outcomes.container).toMatchObject({ outcome: 'removed', deadAfterMs: expect.any(Number) });
    expect(outcomes.worktree).toMatchObject({ outcome: 'removed', quarantinePath: expect.any(String) });

    expect(agent.container.pids()).toEqual([]);
    await expect(engine().getContainer(agent.container.id).inspect()).rejects.toMatchObject(gone);
    expect(existsSync(agent.worktreePath ?? '')).toBe(false);
    expect(existsSync(`${outcomes.worktree.quarantinePath}`)).toBe(true);
    expect(await git(world.repository, 'worktree', 'list')).not.toContain(agent.agentId);
    await git(world.repository, 'worktree', 'add', temporaryDirectory(), agent.agentId);

    const record = (await world.request('GET', `/agents/${agent.agentId}`)).body;
    expect(record).toMatchObject({
      status: 'killed',
      kill: {
        operationId: body.operationId,
        requestedBy: 'tests',
        reason: 'leaking keys',
        pending: [],
        attempts: 1,
      },
    });
    const audit = world.log.entries.filter(entry => entry['operation'] === 'KILL_AGENT');
    expect(audit).toMatchObject([
      { level: 'warn', phase: 'accepted', agentId: agent.agentId, taskId: 't1', statusBefore: 'running' },
      { level: 'warn', phase: 'settled', agentId: agent.agentId, taskId: 't1' },
    ]);
  });

  it('stops a process tree with its daemonized members and clears its worktree', async () => {
    const world = await openWorld(store);
    const agent = await world.processAgent({ worktree: true });
    const { status, body } = await world.request('POST', `/agents/${agent.agentId}/kill`);
    expect({ status, verified: body.verified }).toEqual({ status: 200, verified: true });
    expect(agent.tree.pids()).toEqual([]);
    expect(existsSync(agent.worktreePath ?? '')).toBe(false);
  });

  it('says 404 of an unknown agent', async () => {
    const world = await openWorld(store);
    const { status, body } = await world.request('POST', '/agents/nobody/kill');
    expect({ status, code: body.code }).toEqual({ status: 404, code: 'agent_not_found' });
  });

  it.each(['completed', 'failed'])(
    'says 400 of an agent that is %s, unless it runs all the same: then it is stopped',
    async end => {
      const world = await openWorld(store);
      const [agent, ended] = [await world.containerAgent(), await world.agent()];
      await ended.register();
      for (const { agentId } of [agent, ended]) {
        await world.request('PATCH', `/agents/${agentId}`, { body: { status: end } });
      }
      const { status, body } = await world.request('POST', `/agents/${ended.agentId}/kill`);
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'invalid_state' });
      const stopped = await world.request('POST', `/agents/${agent.agentId}/kill`);
      expect(stopped).toMatchObject({ status: 200, body: { verified: true, statusBefore: end } });
      expect(agent.container.pids()).toEqual([]);
    },
  );

  it('says 400 of an agent that is killed and settled', async () => {
    const world = await openWorld(store);
    const { agentId } = await world.containerAgent();
    await world.request('POST', `/agents/${agentId}/kill`);
    const { status, body } = await world.request('POST', `/agents/${agentId}/kill`);
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'invalid_state' });
  });

  it('kills an agent without a container ID', async () => {
    const world = await openWorld(store);
    const agent = await world.agent({ status: 'spawning' });
    await agent.register();
    const { status, body } = await world.request('POST', `/agents/${agent.agentId}/kill`);
    expect(status).toBe(200);
    expect(body.statusBefore).toBe('spawning');
  });

  it('leaves containers alone when the sandbox is disabled and still clears the worktree', async () => {
    const world = await openWorld(store, { KILLSWITCH_SANDBOX: 'none' });
    const agent = await world.containerAgent({ worktree: true });
    const { status, body } = await world.request('POST', `/agents/${agent.agentId}/kill`);
    expect({ status, verified: body.verified }).toEqual({ status: 200, verified: false });
    expect(agent.container.pids()).toHaveLength(11);
    expect(existsSync(agent.worktreePath ?? '')).toBe(false);
  });

  it('kills an agent without a repository and leaves other directories alone', async () => {
    const world = await openWorld(store);
    const agent = await world.containerAgent();
    const { status, body } = await world.request('POST', `/agents/${agent.agentId}/kill`);
    expect(status).toBe(200);
    expect(body.outcomes.map((one: { layer: string }) => one.layer)).not.toContain('worktree');
  });

  it('goes on to the audit and the record when the worktree cannot be cleared', async () => {
    const world = await openWorld(store);
    const outside = temporaryDirectory();
    const agent = await world.containerAgent({ repository: outside, worktreePath: outside });
    const { status, body } = await world.request('POST', `/agents/${agent.agentId}/kill`);
    expect({ status, killed: agent.container.pids() }).toEqual({ status: 202, killed: [] });
    expect(body.outcomes).toContainEqual(expect.objectContaining({ layer: 'worktree', outcome: 'refused' }));
    expect(existsSync(outside)).toBe(true);
    expect((await world.request('GET', `/agents/${agent.agentId}`)).body.status).toBe('killed');
  });

  it('sees an agent dead when no engine answers, keeps what it owes, and the next server pays', async () => {
    const home = await openWorld(store);
    const agent = await home.containerAgent({ worktree: true });
    await home.close();
    const deaf = await openWorld(store, {
      ...home.environment,
      DOCKER_HOST: `unix://${temporaryDirectory()}/no.sock`,
    });
    const first = await deaf.request('POST', `/agents/${agent.agentId}/kill`);
    expect(first.status).toBe(202);
    expect(first.body).toMatchObject({ verified: true, pending: ['container'] });
    expect(first.body.message).toMatch(/is dead; not cleaned up yet: container$/);
    expect(agent.container.pids()).toEqual([]);
    expect(existsSync(agent.worktreePath ?? '')).toBe(false);
    await deaf.close();

    const again = await openWorld(store, home.environment);
    const killOf = async () => (await again.request('GET', `/agents/${agent.agentId}`)).body.kill;
    const { operationId } = first.body;
    const settled = { operationId, pending: [], confirmedAt: expect.any(String) };
    await expect.poll(killOf, { timeout: 15_000 }).toMatchObject(settled);
    expect(agent.container.pids()).toEqual([]);
  });

  it('refuses a container that does not carry the label, and says how to allow it', async () => {
    const world = await openWorld(store, { KILLSWITCH_AGENT_LABEL: 'another.label' });
    const agent = await world.agent();
    const container = await (await import('../services/agents.js')).startContainer({
      agentId: agent.agentId,
      labelled: false,
    });
    await agent.register({ containerId: container.id });
    const { status, body } = await world.request('POST', `/agents/${agent.agentId}/kill`);
    expect({ status, verified: body.verified, pending: body.pending }).toEqual({
      status: 202,
      verified: false,
      pending: ['container'],
    });
    expect(JSON.stringify(body.outcomes)).toContain('KILLSWITCH_REQUIRE_LABEL=false');
    expect(container.pids()).toHaveLength(11);
  });

  it('sends SIGTERM first when a grace is given', async () => {
    const world = await openWorld(store);
    const agent = await world.processAgent();
    const { status } = await world.request('POST', `/agents/${agent.agentId}/kill`, {
      body: { graceSeconds: 2 },
    });
    expect({ status, left: agent.tree.pids() }).toEqual({ status: 200, left: [] });
  });

  it('changes nothing on a dry run', async () => {
    const world = await openWorld(store);
    const agent = await world.containerAgent();
    const { status, body } = await world.request('POST', `/agents/${agent.agentId}/kill`, {
      body: { dryRun: true },
    });
    expect({ status, dryRun: body.dryRun }).toEqual({ status: 200, dryRun: true });
    expect(agent.container.pids()).toHaveLength(11);
    expect((await world.request('GET', `/agents/${agent.agentId}`)).body.status).toBe('running');
  });

  it('kills only the container that the caller expects', async () => {
    const world = await openWorld(store);
    const agent = await world.containerAgent();
    const body = { expectedContainerId: 'f'.repeat(64) };
    const answer = await world.request('POST', `/agents/${agent.agentId}/kill`, { body });
    expect({ status: answer.status, code: answer.body.code }).toEqual({
      status: 409,
      code: 'container_changed',
    });
    expect(agent.container.pids()).toHaveLength(11);
  });

  it('lets no one in with a token of another agent, of another scope, or of none', async () => {
    const world = await openWorld(store);
    const agent = await world.containerAgent();
    const path = `/agents/${agent.agentId}/kill`;
    const other = await tokenFor(['agents:kill'], { agentId: 'another' });
    expect((await world.request('POST', path, { token: other })).status).toBe(403);
    expect((await world.request('POST', path, { token: await tokenFor(['agents:read']) })).status).toBe(403);
    expect((await world.request('POST', path, { token: 'x.y.z' })).status).toBe(401);
    expect(agent.container.pids()).toHaveLength(11);
  });

  it('never lets a killed ID run again', async () => {
    const world = await openWorld(store);
    const agent = await world.processAgent();
    await world.request('POST', `/agents/${agent.agentId}/kill`);
    expect((await agent.register()).body.code).toBe('tombstoned');
    const change = await world.request('PATCH', `/agents/${agent.agentId}`, { body: { status: 'running' } });
    expect({ status: change.status, code: change.body.code }).toEqual({ status: 409, code: 'tombstoned' });
  });
});
