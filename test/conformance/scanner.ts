import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sandbox } from '../../lib/ports/sandbox.js';
import type { Scanner, Sighting } from '../../lib/ports/scanner.js';
import type { SandboxWorld, SpawnedAgent } from './sandbox.js';

/** A sandbox that is a scanner, too, with the means to start agents in it. */
export interface ScannerWorld extends SandboxWorld {
  readonly sandbox: Sandbox & Scanner;
}

const newId = (): string => `agent-${randomUUID()}`;
/** Start times of processes are known to the second. */
const TOLERANCE_MS = 2_000;

/**
 * What every {@link Scanner} has to do, whatever agents run in.
 * @param tells whether anybody tells it of what starts; without, it only sees what it looks at
 */
export function scannerConformance(
  name: string,
  open: () => Promise<ScannerWorld>,
  { tells = true }: { readonly tells?: boolean } = {},
): void {
  describe(`${name} is a scanner`, () => {
    let world: ScannerWorld;
    beforeAll(async () => {
      world = await open();
    });
    afterAll(() => world.close());

    const idOf = ({ target: { id = '' } }: SpawnedAgent): string => id;
    const sightingsOf = async (agentId: string): Promise<readonly Sighting[]> =>
      (await world.sandbox.scan()).seen.filter(sighting => sighting.agentId === agentId);
    /** Writes down whom it is told of, until the watch is ended. */
    const watch = () => {
      const told: Sighting[] = [];
      const end = world.sandbox.watch(sighting => void told.push(sighting));
      const ids = (): string[] => told.map(({ id }) => id);
      const isToldOf = (agent: SpawnedAgent) => expect.poll(ids, { timeout: 10_000 }).toContain(idOf(agent));
      return { told, ids, isToldOf, end };
    };

    test('sees what runs, where it is and since when', async () => {
      const agentId = newId();
      const before = Date.now();
      const agent = await world.spawn(agentId);
      const { kind } = world.sandbox;
      const seen = await sightingsOf(agentId);
      expect(seen).toContainEqual(expect.objectContaining({ agentId, kind, id: idOf(agent) }));
      for (const { startedAt = before } of seen) {
        expect(startedAt).toBeGreaterThanOrEqual(before - TOLERANCE_MS);
        expect(startedAt).toBeLessThanOrEqual(Date.now() + TOLERANCE_MS);
      }
    });

    test('sees all that carries the label of one agent', async () => {
      const agentId = newId();
      const agents = await Promise.all([world.spawn(agentId), world.spawn(agentId)]);
      const ids = (await sightingsOf(agentId)).map(({ id }) => id);
      expect(ids).toEqual(expect.arrayContaining(agents.map(idOf)));
    });

    test('does not see what carries no label', async () => {
      const stranger = await world.spawn(newId(), { labelled: false });
      const ids = (await world.sandbox.scan()).seen.map(({ id }) => id);
      expect(ids).not.toContain(idOf(stranger));
    });

    test('does not see what is dead', async () => {
      const agentId = newId();
      const agent = await world.spawn(agentId);
      await world.sandbox.kill(agent.target, { graceMs: 0, deadline: AbortSignal.timeout(20_000) });
      expect(await sightingsOf(agentId)).toEqual([]);
    });

    test('lets a watch be ended twice', () => {
      const end = world.sandbox.watch(() => undefined);
      end();
      end();
    });

    if (!tells) return;

    test('notifies its watchers of what starts, and of nothing without the label', async () => {
      const { told, ids, isToldOf, end } = watch();
      const stranger = await world.spawn(newId(), { labelled: false });
      const agentId = newId();
      const agent = await world.spawn(agentId);
      await isToldOf(agent);
      const { kind } = world.sandbox;
      expect(told).toContainEqual(expect.objectContaining({ agentId, kind, id: idOf(agent) }));
      expect(ids()).not.toContain(idOf(stranger));
      end();
    });

    test('notifies no watcher whose watch has ended, and goes on notifying the others', async () => {
      const [one, other] = [watch(), watch()];
      one.end();
      const agent = await world.spawn(newId());
      await other.isToldOf(agent);
      expect(one.told).toEqual([]);
      other.end();
    });

    test('keeps apart two watches with the same function', async () => {
      const told: string[] = [];
      const note = ({ id }: Sighting): void => void told.push(id);
      const [end, endOther] = [world.sandbox.watch(note), world.sandbox.watch(note)];
      end();
      const agent = await world.spawn(newId());
      await expect.poll(() => told, { timeout: 10_000 }).toContain(idOf(agent));
      endOther();
    });

    test('goes on although a watcher throws', async () => {
      const end = world.sandbox.watch(() => {
        throw new Error('this watcher is broken');
      });
      const other = watch();
      for (const agentId of [newId(), newId()]) await other.isToldOf(await world.spawn(agentId));
      end();
      other.end();
    });
  });
}
