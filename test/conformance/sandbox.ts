import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { placeOf } from '../../lib/domain/debt.js';
import type { OutcomeName } from '../../lib/domain/outcome.js';
import type { KillOptions, Sandbox, Target } from '../../lib/ports/sandbox.js';

/** One agent that was started for a test. */
export interface SpawnedAgent {
  /** As a true record would describe it. */
  readonly target: Target;
  /** Asked of the system itself and not of the sandbox under test. */
  isRunning(): Promise<boolean>;
  /** Whether everything of it that runs is held. Asked of the system itself. */
  isFrozen(): Promise<boolean>;
  /** Ends it, as if by itself; nothing is left of it. */
  end(): Promise<void>;
}

export interface SpawnOptions {
  /** Whether it carries its agent's label; true unless told. */
  readonly labelled?: boolean;
  /** Whether it stays when it gets SIGTERM; false unless told: then it has to leave on it. */
  readonly ignoreTerm?: boolean;
  /** Whether the sandbox may not look into it, where agents can be {@link Hiding.canHide hidden} from it. */
  readonly hidden?: boolean;
}

/** A sandbox with the means to start agents in it. */
export interface SandboxWorld {
  readonly sandbox: Sandbox;
  /** Comes back when the agent runs and, unless it ignores SIGTERM, would leave on it. */
  spawn(agentId: string, options?: SpawnOptions): Promise<SpawnedAgent>;
  close(): Promise<void>;
}

export interface Hiding {
  /** Whether agents can be started that the sandbox may not look into. */
  readonly canHide?: boolean;
}

const SEEN_DOWN: OutcomeName[] = ['dead', 'removed', 'alreadyGone'];
const KILLED: OutcomeName[] = ['dead', 'removed'];

const newId = (): string => `agent-${randomUUID()}`;
const within = (ms = 20_000): AbortSignal => AbortSignal.timeout(ms);
const atOnce = (): KillOptions => ({ graceMs: 0, deadline: within() });

/** What every {@link Sandbox} has to do, whatever agents run in. */
export function sandboxConformance(
  name: string,
  open: () => Promise<SandboxWorld>,
  { canHide = false }: Hiding = {},
): void {
  describe(`${name} is a sandbox`, () => {
    let world: SandboxWorld;
    beforeAll(async () => {
      world = await open();
    });
    afterAll(() => world.close());

    const hiding = (title: string, run: () => Promise<void>): void => {
      if (canHide) test(title, run);
    };
    const kill = async (target: Target, options = atOnce()): Promise<OutcomeName> => {
      const { outcome, needsRemoval, ...place } = await world.sandbox.kill(target, options);
      expect(place).toMatchObject(placeOf(world.sandbox.kind, target.id));
      expect(place.id).toBe(target.id);
      if (needsRemoval) expect(outcome).toBe('dead');
      return outcome;
    };
    const remove = async (target: Target): Promise<OutcomeName> => {
      const { outcome, ...place } = await world.sandbox.remove(target, within());
      expect(place).toMatchObject(placeOf(world.sandbox.kind, target.id));
      expect(place.id).toBe(target.id);
      return outcome;
    };

    test('kills what runs and sees it dead', async () => {
      const agent = await world.spawn(newId());
      expect(await agent.isRunning()).toBe(true);
      expect(await kill(agent.target)).toBeOneOf(KILLED);
      expect(await agent.isRunning()).toBe(false);
    });

    test('takes a second kill for done, whether or not there are remains', async () => {
      const agent = await world.spawn(newId());
      await kill(agent.target);
      expect(await kill(agent.target)).toBeOneOf(SEEN_DOWN);
    });

    test('says alreadyGone once nothing is left, and removes twice without complaint', async () => {
      const agent = await world.spawn(newId());
      await kill(agent.target);
      expect(await remove(agent.target)).toBeOneOf(SEEN_DOWN);
      expect(await kill(agent.target)).toBe('alreadyGone');
      expect(await remove(agent.target)).toBeOneOf(SEEN_DOWN);
    });

    test('asks for a removal exactly where something is left to be removed', async () => {
      const agent = await world.spawn(newId());
      const { needsRemoval } = await world.sandbox.kill(agent.target, atOnce());
      const removal = await remove(agent.target);
      expect(removal === 'removed').toBe(needsRemoval === true);
      expect(await world.sandbox.kill(agent.target, atOnce())).not.toHaveProperty('needsRemoval');
    });

    test('sees each of several that one record names gone, asked one by one at the same time', async () => {
      const agentId = newId();
      const agents = await Promise.all([world.spawn(agentId), world.spawn(agentId)]);
      const outcomes = await Promise.all(agents.map(({ target }) => kill(target)));
      for (const outcome of outcomes) expect(outcome).toBeOneOf(SEEN_DOWN);
      expect(await Promise.all(agents.map(agent => agent.isRunning()))).toEqual([false, false]);
    });

    const pause = async (target: Target): Promise<OutcomeName> => {
      const { kind, outcome } = await world.sandbox.pause(target, within());
      expect(kind).toBe(world.sandbox.kind);
      return outcome;
    };
    const resume = async (target: Target): Promise<OutcomeName> => {
      const { kind, outcome } = await world.sandbox.resume(target, within());
      expect(kind).toBe(world.sandbox.kind);
      return outcome;
    };

    test('pauses what runs, sees it stand still, and resumes it', async () => {
      const agent = await world.spawn(newId());
      expect(await agent.isFrozen()).toBe(false);
      expect(await pause(agent.target)).toBe('paused');
      expect([await agent.isRunning(), await agent.isFrozen()]).toEqual([true, true]);
      expect(await resume(agent.target)).toBe('resumed');
      expect([await agent.isRunning(), await agent.isFrozen()]).toEqual([true, false]);
    });

    test('pauses and resumes twice without complaint', async () => {
      const agent = await world.spawn(newId());
      expect([await pause(agent.target), await pause(agent.target)]).toEqual(['paused', 'paused']);
      expect(await agent.isFrozen()).toBe(true);
      expect([await resume(agent.target), await resume(agent.target)]).toEqual(['resumed', 'resumed']);
      expect(await agent.isFrozen()).toBe(false);
    });

    test('kills what is paused', async () => {
      const agent = await world.spawn(newId(), { ignoreTerm: true });
      await pause(agent.target);
      expect(await kill(agent.target)).toBeOneOf(KILLED);
      expect(await agent.isRunning()).toBe(false);
    });

    test('pauses what carries the label and is not recorded, and no other', async () => {
      const agentId = newId();
      const [agent, bystander] = [await world.spawn(agentId), await world.spawn(newId())];
      expect(await pause({ agentId, operationId: 'op' })).toBe('paused');
      expect([await agent.isFrozen(), await bystander.isFrozen()]).toEqual([true, false]);
      expect(await resume({ agentId, operationId: 'op' })).toBe('resumed');
    });

    test('does not say that it paused what has ended, or never was', async () => {
      const agent = await world.spawn(newId());
      await agent.end();
      expect(await pause(agent.target)).toBe('alreadyGone');
      expect(await resume(agent.target)).toBe('alreadyGone');
      expect(await pause({ agentId: newId(), operationId: 'op' })).toBe('notFound');
    });

    test('pauses nothing that does not carry the label, or carries another one', async () => {
      const [stranger, victim] = [
        await world.spawn(newId(), { labelled: false }),
        await world.spawn(newId()),
      ];
      expect(await pause(stranger.target)).toBe('refused');
      expect(await pause({ ...victim.target, agentId: newId() })).toBe('refused');
      expect([await stranger.isFrozen(), await victim.isFrozen()]).toEqual([false, false]);
    });

    test('says notFound of an agent that never was, which is not to have seen it gone', async () => {
      const never: Target = { agentId: newId(), operationId: 'op' };
      expect(await kill(never)).toBe('notFound');
      expect(await remove(never)).toBeOneOf([...SEEN_DOWN, 'notFound']);
    });

    test('says alreadyGone of what it has seen go, though the record names nothing', async () => {
      const agentId = newId();
      const agent = await world.spawn(agentId);
      await kill(agent.target);
      await remove(agent.target);
      expect(await kill(agent.target)).toBe('alreadyGone');
      expect(await kill({ agentId, operationId: 'op' })).toBeOneOf(['alreadyGone', 'notFound']);
    });

    test('says alreadyGone of what is recorded and ended by itself', async () => {
      const agent = await world.spawn(newId());
      await agent.end();
      expect(await kill(agent.target)).toBe('alreadyGone');
    });

    hiding('is blind to what is recorded and may not be read, says so, and lets it run', async () => {
      const agent = await world.spawn(newId(), { hidden: true });
      const { outcome, detail } = await world.sandbox.kill(agent.target, atOnce());
      expect(outcome).toBe('blind');
      expect(detail).toBeTruthy();
      expect(await agent.isRunning()).toBe(true);
    });

    hiding('kills what it can read, and still is blind to what is recorded and may not be read', async () => {
      const agentId = newId();
      const [hidden, open] = [await world.spawn(agentId, { hidden: true }), await world.spawn(agentId)];
      expect(await kill(hidden.target)).toBe('blind');
      expect([await hidden.isRunning(), await open.isRunning()]).toEqual([true, false]);
    });

    hiding('says how much it may not read of an agent that it does not find', async () => {
      const agentId = newId();
      await world.spawn(agentId, { hidden: true });
      const { outcome, detail } = await world.sandbox.kill({ agentId, operationId: 'op' }, atOnce());
      expect(outcome).toBe('notFound');
      expect(detail).toMatch(/^\d+ .* may not be read/);
    });

    test('refuses what does not carry the label, and lets it run', async () => {
      const agent = await world.spawn(newId(), { labelled: false });
      const { outcome, detail } = await world.sandbox.kill(agent.target, atOnce());
      expect(outcome).toBe('refused');
      expect(detail).toBeTruthy();
      expect(await agent.isRunning()).toBe(true);
    });

    test('refuses what carries the label of another agent, and lets it run', async () => {
      const victim = await world.spawn(newId());
      expect(await kill({ ...victim.target, agentId: newId() })).toBe('refused');
      expect(await victim.isRunning()).toBe(true);
    });

    test('kills what carries the label and is not recorded', async () => {
      const agentId = newId();
      const agent = await world.spawn(agentId);
      expect(await kill({ agentId, operationId: 'op' })).toBeOneOf(KILLED);
      expect(await agent.isRunning()).toBe(false);
    });

    test('kills all that carries the label, not only what is recorded', async () => {
      const agentId = newId();
      const [recorded, other] = await Promise.all([world.spawn(agentId), world.spawn(agentId)]);
      expect(await kill(recorded.target)).toBeOneOf(KILLED);
      expect([await recorded.isRunning(), await other.isRunning()]).toEqual([false, false]);
    });

    test('kills what carries the label even if the record points at another agent', async () => {
      const agentId = newId();
      const [own, victim] = await Promise.all([world.spawn(agentId), world.spawn(newId())]);
      expect(await kill({ ...victim.target, agentId })).toBe('refused');
      expect(await own.isRunning()).toBe(false);
      expect(await victim.isRunning()).toBe(true);
    });

    test('is not led astray by an agent ID that begins like another', async () => {
      const agentId = newId();
      const longer = await world.spawn(`${agentId}-2`);
      expect(await kill({ agentId, operationId: 'op' })).toBe('notFound');
      expect(await longer.isRunning()).toBe(true);
    });

    test('lets an agent leave on SIGTERM when it has grace', async () => {
      const agent = await world.spawn(newId());
      // Without the SIGTERM the grace outlasts the deadline and the outcome is pending.
      expect(await kill(agent.target, { graceMs: 120_000, deadline: within() })).toBeOneOf(KILLED);
      expect(await agent.isRunning()).toBe(false);
    });

    test('kills an agent that ignores SIGTERM when its grace is over', async () => {
      const agent = await world.spawn(newId(), { ignoreTerm: true });
      expect(await kill(agent.target, { graceMs: 100, deadline: within() })).toBeOneOf(KILLED);
      expect(await agent.isRunning()).toBe(false);
    });

    test('comes back at its deadline and kills all the same', async () => {
      const agent = await world.spawn(newId());
      await kill(agent.target, { graceMs: 0, deadline: AbortSignal.abort() });
      await expect.poll(() => agent.isRunning(), { timeout: 10_000 }).toBe(false);
    });

    test('settles every one of several concurrent kills of the same agent', async () => {
      const agent = await world.spawn(newId());
      const outcomes = await Promise.all([kill(agent.target), kill(agent.target), kill(agent.target)]);
      for (const outcome of outcomes) expect(outcome).toBeOneOf(SEEN_DOWN);
      expect(await agent.isRunning()).toBe(false);
    });

    test('settles concurrent removals of the same agent', async () => {
      const agent = await world.spawn(newId());
      await kill(agent.target);
      const outcomes = await Promise.all([remove(agent.target), remove(agent.target), remove(agent.target)]);
      for (const outcome of outcomes) expect(outcome).toBeOneOf(SEEN_DOWN);
    });

    test('kills ten agents at once and no other', async () => {
      const bystander = await world.spawn(newId());
      const agents = await Promise.all(Array.from({ length: 10 }, () => world.spawn(newId())));
      const outcomes = await Promise.all(agents.map(({ target }) => kill(target)));
      for (const outcome of outcomes) expect(outcome).toBeOneOf(KILLED);
      const running = await Promise.all(agents.map(agent => agent.isRunning()));
      expect(running).toEqual(agents.map(() => false));
      expect(await bystander.isRunning()).toBe(true);
    });

    test.each<[string, Partial<Target>]>([
      ['an empty ID', { id: '' }],
      ['an ID with a path in it', { id: 'x/../y' }],
      ['an ID with a query in it', { id: 'ww/stop?t=0&x=' }],
      ['an endless ID', { id: 'f'.repeat(10_000) }],
      ['a container ID of nothing', { id: 'f'.repeat(64) }],
      ['a PID that is no integer', { id: '0.5:' }],
      ['a PID out of range', { id: `${2 ** 31}:../../1` }],
    ])('finds its own agent although the record holds %s', async (_, nonsense) => {
      const agentId = newId();
      const agent = await world.spawn(agentId);
      const outcome = await kill({ agentId, operationId: 'op', ...nonsense });
      expect(outcome).toBeOneOf([...KILLED, 'refused']);
      expect(await agent.isRunning()).toBe(false);
    });

    test('says that it is well, or what it sees or reaches less of than there is', async () => {
      const { ok, aside, detail } = await world.sandbox.probe();
      expect(ok || aside).toBe(true);
      if (!ok) expect(detail).toContain(canHide ? 'may not be read' : 'kernel path');
    });
  });
}
