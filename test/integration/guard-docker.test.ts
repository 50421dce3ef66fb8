import { expect, test, vi } from 'vitest';
import { toContainerId } from '../../lib/adapters/docker/container-id.js';
import type { Engine, Found } from '../../lib/adapters/docker/engine.js';
import { lookAtRecorded } from '../../lib/adapters/docker/recorded.js';

const guard = { label: 'killswitch.agent-id', requireLabel: true };
const hex = 'a'.repeat(64);
const target = { agentId: 'a1', operationId: 'op', id: hex };

/** An engine that has one container with these labels, or none. */
function engineWith(labels?: Readonly<Record<string, string>>) {
  const id = toContainerId(hex);
  const container = labels && id && ({ id, state: 'running', labels } satisfies Found);
  const find = vi.fn(async () => container);
  return { container, find, engine: { find } as Partial<Engine> as Engine };
}

test('A recorded container is the agent’s if its label says so', async () => {
  const { engine, container } = engineWith({ 'killswitch.agent-id': 'a1' });
  expect(await lookAtRecorded(engine, guard, target)).toEqual({ kind: 'own', container });
});

test.each([true, false])(
  'Another agent’s label protects, whether labels are required (%s) or not',
  async requireLabel => {
    const { engine } = engineWith({ 'killswitch.agent-id': 'a2' });
    expect(await lookAtRecorded(engine, { ...guard, requireLabel }, target)).toEqual({
      kind: 'refused',
      detail: 'the recorded container carries the label of another agent',
    });
  },
);

test('A container without the label is left alone, and the setting that would allow it is named', async () => {
  const { engine } = engineWith({ other: 'a1' });
  expect(await lookAtRecorded(engine, guard, target)).toEqual({
    kind: 'refused',
    detail:
      'the recorded container has no label killswitch.agent-id; KILLSWITCH_REQUIRE_LABEL=false would allow it',
  });
});

test('A container without the label is the agent’s where labels are not required', async () => {
  const { engine, container } = engineWith({});
  expect(await lookAtRecorded(engine, { ...guard, requireLabel: false }, target)).toEqual({
    kind: 'own',
    container,
  });
});

test('A container that is not there is gone', async () => {
  expect(await lookAtRecorded(engineWith().engine, guard, target)).toEqual({ kind: 'gone' });
});

test('Where no container is recorded the engine is not asked', async () => {
  const { engine, find } = engineWith({});
  const { id: _, ...bare } = target;
  expect(await lookAtRecorded(engine, guard, bare)).toEqual({ kind: 'none' });
  expect(find).not.toHaveBeenCalled();
});

test.each(['', 'agent', hex.slice(1), `${hex}a`, `x/../${hex}`, hex.toUpperCase(), `${hex}\n`])(
  'What is not 64 hexadecimal digits never reaches the engine: %j',
  async containerId => {
    const { engine, find } = engineWith({ 'killswitch.agent-id': 'a1' });
    expect(await lookAtRecorded(engine, guard, { ...target, id: containerId })).toEqual({
      kind: 'refused',
      detail: 'the recorded container ID is not 64 hexadecimal digits',
    });
    expect(find).not.toHaveBeenCalled();
  },
);
