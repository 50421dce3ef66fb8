import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../lib/domain/audit-entry.js';
import { readRecord } from '../../lib/domain/record.js';
import type { Core } from '../../lib/ports/core.js';
import { type BenchAgent, killAllOf, killOf, stopOn } from '../fakes/core.js';
import { fakeLog } from '../fakes/log.js';
import { type Bench, failing, withoutWorktrees } from './scenarios/bench.js';

export type { Bench } from './scenarios/bench.js';

/** The scenarios that the specification names, in its words. */
export function scenarios(name: string, open: () => Promise<Bench>): void {
  describe(`the emergency stop on ${name}`, () => {
    let bench: Bench;
    let log: ReturnType<typeof fakeLog>;
    beforeEach(async () => {
      bench = await open();
      log = fakeLog();
    });
    afterEach(() => bench.close());

    const stopWith = (over: Partial<Core> = {}) => stopOn({ ...bench.core, log, ...over });
    const read = async (agentId: string) => {
      const [stored] = await bench.core.records.agents([agentId]);
      const reading = stored && readRecord(stored);
      if (reading?.kind !== 'agent') throw new Error(`no record of ${agentId}`);
      return reading.agent;
    };
    const audit = async (agentId: string): Promise<AuditEntry[]> => {
      const entries: AuditEntry[] = [];
      for await (const entry of bench.core.audit.query({ agentId })) entries.push(entry);
      return entries;
    };
    const remains = async (agent: BenchAgent) => ({
      alive: await agent.isAlive(),
      worktree: await agent.hasWorktree(),
    });

    it('stops one agent with full clean-up', async () => {
      const agent = await bench.agent('a1', { status: 'running' });
      const command = killOf('a1', { reason: 'runs away' });
      const receipt = await stopWith().stop(command);
      expect(receipt).toMatchObject({ message: 'Agent a1 killed successfully', verified: true });
      expect(receipt).toMatchObject({ total: 1, killed: 1, failed: 0, pending: 0 });
      expect(receipt.errors).toBeUndefined();
      expect(receipt.agents[0]).toMatchObject({ agentId: 'a1', statusBefore: 'running', pending: [] });
      expect(receipt.agents[0]?.outcomes).toContainEqual(
        expect.objectContaining({ layer: 'container', outcome: 'removed' }),
      );
      expect(receipt.agents[0]?.outcomes).toContainEqual(
        expect.objectContaining({ layer: 'worktree', outcome: 'removed' }),
      );
      expect(await remains(agent)).toEqual({ alive: false, worktree: false });
      const { status, kill } = await read('a1');
      expect(status).toBe('killed');
      expect(kill).toMatchObject({ operationId: command.operationId, pending: [], reason: 'runs away' });
      expect(kill?.confirmedAt).toBeDefined();
    });

    it('writes the audit entry, to the store and as JSON at WARN level', async () => {
      await bench.agent('a1', { status: 'spawning', members: { taskId: 't1' } });
      const { operationId } = await stopWith().stop(killOf('a1'));
      const accepted = {
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        operation: 'KILL_AGENT',
        phase: 'accepted',
        operationId,
        actor: 'alice',
        agentId: 'a1',
        taskId: 't1',
        statusBefore: 'spawning',
      };
      const settled = { operation: 'KILL_AGENT', phase: 'settled', operationId, agentId: 'a1', taskId: 't1' };
      expect(await audit('a1')).toMatchObject([accepted, settled]);
      const warned = log.lines.filter(({ level }) => level === 'warn').map(({ entry }) => entry);
      expect(warned).toMatchObject([accepted, settled]);
    });

    it('knows when the agent is not found', async () => {
      await expect(stopWith().stop(killOf('nobody'))).rejects.toMatchObject({
        code: 'agent_not_found',
        status: 404,
      });
    });

    it('goes on with the rest when the Docker clean-up fails', async () => {
      const agent = await bench.agent('a1');
      const sandboxes = bench.core.sandboxes.map(one => failing(one, 'remove'));
      const receipt = await stopWith({ sandboxes }).stop(killOf('a1'));
      expect(await remains(agent)).toEqual({ alive: false, worktree: false });
      expect(receipt).toMatchObject({ killed: 1, failed: 0, pending: 1, verified: true });
      expect(receipt.message).toBe('Agent a1 is dead; not cleaned up yet: container');
      expect(receipt.errors).toEqual(['a1: container not removed: unexpected error']);
      const { status, kill } = await read('a1');
      expect(status).toBe('killed');
      expect(kill).toMatchObject({ pending: ['container'], lastError: expect.any(String) });
      expect(log.lines.some(({ level }) => level === 'error')).toBe(true);
      expect(JSON.stringify([receipt, kill])).not.toContain('secret');
    });

    it('goes on with the rest when the worktree clean-up fails', async () => {
      const agent = await bench.agent('a1');
      const worktrees = withoutWorktrees(bench.core.worktrees);
      const receipt = await stopWith({ worktrees }).stop(killOf('a1'));
      expect(await remains(agent)).toEqual({ alive: false, worktree: true });
      expect(receipt.message).toBe('Agent a1 is dead; not cleaned up yet: worktree');
      expect(receipt).toMatchObject({ killed: 1, failed: 0, pending: 1, verified: true });
      expect(receipt.agents[0]?.outcomes).toContainEqual(
        expect.objectContaining({ layer: 'container', outcome: 'removed' }),
      );
      expect(await read('a1')).toMatchObject({ status: 'killed', kill: { pending: ['worktree'] } });
      expect(log.lines.some(({ level }) => level === 'error')).toBe(true);
      expect(JSON.stringify(receipt)).not.toContain('secret');
    });

    it('pays what is left when it is asked again', async () => {
      const agent = await bench.agent('a1');
      const first = await stopWith({ worktrees: withoutWorktrees(bench.core.worktrees) }).stop(killOf('a1'));
      const again = await stopWith().stop(killOf('a1'));
      expect(again).toMatchObject({ message: 'Agent a1 killed successfully', pending: 0 });
      expect(again.agents[0]?.operationId).toBe(first.operationId);
      expect(await remains(agent)).toEqual({ alive: false, worktree: false });
      await expect(stopWith().stop(killOf('a1'))).rejects.toMatchObject({ code: 'invalid_state' });
    });

    it('needs no container ID', async () => {
      const agent = await bench.agent('a1', { container: false });
      const receipt = await stopWith().stop(killOf('a1'));
      expect(receipt).toMatchObject({ message: 'Agent a1 killed successfully', killed: 1, pending: 0 });
      expect(await remains(agent)).toEqual({ alive: false, worktree: false });
      expect(await read('a1')).toMatchObject({ status: 'killed', kill: { pending: [] } });
    });

    it('leaves the container alone with the sandbox disabled', async () => {
      const agent = await bench.agent('a1');
      const receipt = await stopWith({ sandboxes: [] }).stop(killOf('a1'));
      expect(receipt).toMatchObject({ message: 'Agent a1 killed successfully', pending: 0 });
      expect(receipt.agents[0]?.outcomes).toContainEqual(
        expect.objectContaining({ layer: 'container', outcome: 'skipped', detail: 'sandbox disabled' }),
      );
      expect(receipt.verified).toBe(false);
      expect(await remains(agent)).toEqual({ alive: true, worktree: false });
      expect(await read('a1')).toMatchObject({ status: 'killed', kill: { pending: [] } });
    });

    it('needs no repository', async () => {
      const agent = await bench.agent('a1', { worktree: false });
      const receipt = await stopWith().stop(killOf('a1'));
      expect(receipt).toMatchObject({ message: 'Agent a1 killed successfully', verified: true, pending: 0 });
      expect(receipt.agents[0]?.outcomes.map(({ layer }) => layer)).not.toContain('worktree');
      expect(await agent.isAlive()).toBe(false);
    });

    it('does not kill an agent that is already killed', async () => {
      await bench.agent('a1');
      await stopWith().stop(killOf('a1'));
      const before = await bench.core.records.agents(['a1']);
      const sandboxes = bench.core.sandboxes.map(one => failing(one, 'kill'));
      await expect(stopWith({ sandboxes }).stop(killOf('a1'))).rejects.toMatchObject({
        code: 'invalid_state',
        status: 400,
        message: 'Agent a1 is killed',
      });
      expect(await bench.core.records.agents(['a1'])).toEqual(before);
      expect(await audit('a1')).toHaveLength(2);
    });

    it.each(['completed', 'failed'] as const)('does not kill an agent that has %s', async status => {
      const agent = await bench.agent('a1', { status, container: false });
      const refusal = { code: 'invalid_state', status: 400, message: `Agent a1 is ${status}` };
      await expect(stopWith().stop(killOf('a1'))).rejects.toMatchObject(refusal);
      expect(await agent.hasWorktree()).toBe(true);
      expect((await read('a1')).status).toBe(status);
    });

    it.each(['completed', 'failed'] as const)('kills what runs though its record says %s', async status => {
      const agent = await bench.agent('a1', { status });
      const receipt = await stopWith().stop(killOf('a1'));
      expect(receipt).toMatchObject({ message: 'Agent a1 killed successfully', verified: true });
      expect(receipt.agents).toMatchObject([{ statusBefore: status }]);
      expect(await remains(agent)).toEqual({ alive: false, worktree: false });
      expect((await read('a1')).status).toBe('killed');
    });

    it('kills all running', async () => {
      const agents = await Promise.all(['a1', 'a2', 'a3'].map(agentId => bench.agent(agentId)));
      const command = killAllOf();
      const receipt = await stopWith().stop(command);
      expect(receipt).toMatchObject({ message: '3 of 3 agents killed', total: 3, killed: 3, failed: 0 });
      expect(receipt).toMatchObject({ verified: true, pending: 0 });
      expect(receipt.errors).toBeUndefined();
      expect(receipt.agents.map(({ agentId }) => agentId).sort()).toEqual(['a1', 'a2', 'a3']);
      for (const agent of agents) {
        expect(await remains(agent)).toEqual({ alive: false, worktree: false });
        expect((await read(agent.agentId)).status).toBe('killed');
      }
      const bulk = log.lines
        .filter(({ level }) => level === 'warn')
        .map(({ entry }) => entry as AuditEntry)
        .filter(({ operation }) => operation === 'KILL_ALL_AGENTS');
      expect(bulk).toMatchObject([
        { phase: 'accepted', operationId: command.operationId },
        { phase: 'settled', operationId: command.operationId, total: 3, killed: 3, failed: 0 },
      ]);
    });

    it('kills only active ones', async () => {
      const [spawning, running, completed, failed] = await Promise.all([
        bench.agent('spawning', { status: 'spawning' }),
        bench.agent('running', { status: 'running' }),
        bench.agent('completed', { status: 'completed', container: false }),
        bench.agent('failed', { status: 'failed', container: false }),
      ]);
      await bench.agent('killed');
      await stopWith().stop(killOf('killed'));
      const receipt = await stopWith().stop(killAllOf());
      expect(receipt).toMatchObject({ total: 2, killed: 2, failed: 0 });
      expect([await spawning.isAlive(), await running.isAlive()]).toEqual([false, false]);
      expect([await completed.hasWorktree(), await failed.hasWorktree()]).toEqual([true, true]);
      expect((await read('completed')).status).toBe('completed');
      expect((await read('failed')).status).toBe('failed');
    });

    it('has nothing to do with no agents at all', async () => {
      const receipt = await stopWith().stop(killAllOf());
      expect(receipt).toMatchObject({ message: 'No active agents to kill', total: 0, killed: 0, failed: 0 });
      expect(receipt.errors).toBeUndefined();
      expect(receipt.agents).toEqual([]);
    });

    it('counts those that fail to die', async () => {
      const agents = await Promise.all(['a1', 'a2', 'a3'].map(agentId => bench.agent(agentId)));
      const sandboxes = bench.core.sandboxes.map(one => failing(one, 'kill', ['a1', 'a3']));
      const receipt = await stopWith({ sandboxes }).stop(killAllOf());
      expect(receipt).toMatchObject({ total: 3, killed: 1, failed: 2, pending: 2, verified: false });
      expect(receipt.message).toBe('1 of 3 agents killed, 2 not confirmed dead, 2 not cleaned up yet');
      expect(receipt.errors).toContain('a1: container failed: unexpected error');
      expect(receipt.errors).toContain('a3: container failed: unexpected error');
      expect(await Promise.all(agents.map(agent => agent.isAlive()))).toEqual([true, false, true]);
      expect(await agents[0]?.hasWorktree()).toBe(true);
      expect((await read('a1')).kill?.pending).toEqual(expect.arrayContaining(['container', 'worktree']));
    });

    it('does not let one failure stop the others', async () => {
      const ids = Array.from({ length: 8 }, (_, n) => `a${n}`);
      const agents = await Promise.all(ids.map(agentId => bench.agent(agentId)));
      const sandboxes = bench.core.sandboxes.map(one => failing(one, 'kill', ['a0']));
      const receipt = await stopWith({ sandboxes }).stop(killAllOf());
      expect(receipt).toMatchObject({ total: 8, killed: 7, failed: 1 });
      for (const agent of agents.slice(1)) {
        expect(await remains(agent)).toEqual({ alive: false, worktree: false });
      }
    });
  });
}
