import { describe, expect, test, vi } from 'vitest';
import { type ContainerId, toContainerId } from '../../lib/adapters/docker/container-id.js';
import { createKernelKill } from '../../lib/adapters/docker/kernel-kill-batch.js';
import { silent } from '../fakes/docker-engine.js';
import { fakeKernel } from '../fakes/kernel.js';

const [stranger, ...ids] = ['0', 'a', 'b', 'c'].map(
  digit => toContainerId(digit.repeat(64)) as ContainerId,
) as [ContainerId, ...ContainerId[]];

function open() {
  const kernel = fakeKernel();
  for (const id of ids) kernel.remember(id, kernel.spawn(id).pid);
  const kill = vi.spyOn(kernel, 'kill');
  const error = vi.fn();
  return { kernel, kill, error, killInKernel: createKernelKill(kernel, { ...silent, error }) };
}

describe('A killInKernel', () => {
  test('kills together all that is asked for in one turn, and answers each which were reached', async () => {
    const { kill, killInKernel } = open();
    const answers = await Promise.all([
      killInKernel(ids.slice(0, 1)),
      killInKernel(ids.slice(1)),
      killInKernel([stranger]),
    ]);
    expect(kill.mock.calls).toEqual([[[...ids, stranger]]]);
    for (const reached of answers) expect([...reached]).toEqual(ids);
  });

  test('of the next turn is another one', async () => {
    const { kill, killInKernel } = open();
    await killInKernel(ids);
    await killInKernel(ids);
    expect(kill.mock.calls).toEqual([[ids], [ids]]);
  });

  test('that fails has reached no container, and says so', async () => {
    const { kernel, error, killInKernel } = open();
    kernel.fault = 'throws';
    expect([...(await killInKernel(ids))]).toEqual([]);
    expect(error).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ containerIds: ids }),
      'the kernel path failed',
    );
    kernel.fault = undefined;
    expect([...(await killInKernel(ids))]).toEqual(ids);
  });
});
