import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, test, vi } from 'vitest';
import { createCgroups } from '../../lib/adapters/cgroup/index.js';
import { type DockerSandbox, openDocker } from '../../lib/adapters/docker/index.js';
import type { Kernel } from '../../lib/ports/kernel.js';
import { silent } from '../fakes/docker-engine.js';
import { startContainer } from '../services/agents.js';

const newId = (): string => randomBytes(32).toString('hex');
const atOnce = () => ({ graceMs: 0, deadline: AbortSignal.timeout(20_000) });

/** Where this process makes its temporary folders, so that what is left there can be seen. */
function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rehearse-'));
  vi.stubEnv('TMPDIR', folder);
  return folder;
}

let open: DockerSandbox | undefined;
afterEach(async () => {
  vi.unstubAllEnvs();
  await open?.close();
  open = undefined;
});

describe('a stand-in for a cgroup', () => {
  test('is killed and seen empty like a real one, and leaves nothing behind', () => {
    const folder = ownFolder();
    const kernel = createCgroups();
    const key = newId();
    const end = kernel.rehearse?.(key);
    expect([kernel.look(key), kernel.kill([key]), kernel.look(key)]).toEqual(['empty', [key], 'empty']);
    expect(kernel.members(key)).toEqual([]);
    end?.();
    expect([kernel.look(key), kernel.kill([key]), readdirSync(folder)]).toEqual(['unknown', [], []]);
  });

  test('is not made where no folder can be made', () => {
    vi.stubEnv('TMPDIR', '/nowhere');
    expect(() => createCgroups().rehearse?.(newId())).toThrow('ENOENT');
  });
});

describe('a rehearsal of a kill of a container', () => {
  test('goes by the kernel, reaches no other container, and is in no scan', async () => {
    const agent = await startContainer({ agentId: 'a1', label: 'rehearse' });
    const cgroups = createCgroups();
    const killed: string[] = [];
    const kernel: Kernel = {
      ...cgroups,
      kill(keys) {
        killed.push(...keys);
        return cgroups.kill(keys);
      },
    };
    open = openDocker({ host: inject('dockerHost'), label: 'rehearse', kernel, log: silent });
    const containerId = newId();
    const target = { agentId: 'a1', operationId: 'op', id: containerId };
    for (const _ of ['first', 'second']) {
      expect(await open.rehearse?.(target, atOnce())).toEqual({
        ...{ layer: 'container', kind: 'docker', id: containerId },
        outcome: 'dead',
        needsRemoval: true,
      });
    }
    expect(killed).toEqual([containerId, containerId]);
    expect(kernel.look(containerId)).toBe('unknown');
    const { seen } = await open.scan();
    expect(seen.map(({ id }) => id)).toEqual([agent.id]);
    expect(agent.pids()).toHaveLength(11);
  });

  test('needs the ID of a container, and a kernel', async () => {
    open = openDocker({ host: inject('dockerHost'), kernel: createCgroups(), log: silent });
    const target = { agentId: 'a1', operationId: 'op' };
    expect(await open.rehearse?.(target, atOnce())).toMatchObject({ outcome: 'notFound' });
    await open.close();
    open = openDocker({ host: inject('dockerHost'), log: silent });
    expect(open.rehearse).toBeUndefined();
  });
});
