import { describe, expect, it } from 'vitest';
import {
  type Debt,
  debtsOf,
  isDebt,
  keyOf,
  owedPlaces,
  owesKind,
  placeOf,
} from '../../../lib/domain/debt.js';
import type { SandboxKind, SandboxRef } from '../../../lib/domain/sandbox.js';

const refs: readonly SandboxRef[] = [
  { kind: 'docker', id: 'A' },
  { kind: 'podman', id: 'B' },
  { kind: 'process', id: '42:7' },
  { kind: 'process', id: '43:8' },
  { kind: 'unit', id: 'a.service' },
];
const places = refs.map(({ kind, id }) => placeOf(kind, id));
const names: readonly Debt[] = ['container', 'podman:B', 'process', 'process:43:8', 'unit:a.service'];

describe('what is owed', () => {
  it('has the short form for the first sandbox that it stands for, and kind and ID for further ones', () => {
    expect(debtsOf([...places, { layer: 'worktree' }], refs)).toEqual([...names, 'worktree']);
  });

  it('keeps the name of each whatever the others have come to', () => {
    for (const [index, place] of places.entries()) expect(debtsOf([place], refs)).toEqual([names[index]]);
  });

  it('is read back as the same places', () => {
    for (const kinds of [[], ['process', 'docker']] satisfies SandboxKind[][])
      expect(owedPlaces(names, refs, kinds)).toEqual(places);
    expect(owedPlaces(['worktree'], refs, [])).toEqual([{ layer: 'worktree' }]);
  });

  it('has the kind alone where no ID is known', () => {
    const kinds: SandboxKind[] = ['docker', 'podman', 'process', 'unit'];
    const all = kinds.map(kind => placeOf(kind));
    expect(debtsOf(all, [])).toEqual(['container', 'podman', 'process', 'unit']);
    expect(owedPlaces(['container', 'process'], [], ['podman', 'process'])).toEqual([
      placeOf('podman'),
      placeOf('process'),
    ]);
    expect(owedPlaces(['podman'], [], [])).toEqual([placeOf('podman')]);
  });

  it('of an unknown engine is owed by its layer', () => {
    expect(owedPlaces(['container'], [], [])).toEqual([{ layer: 'container' }]);
    expect(debtsOf([{ layer: 'container' }], [])).toEqual(['container']);
  });

  it('is owed at a kind, or at another one of its short form', () => {
    expect(owesKind(['container'], refs, 'docker')).toBe(true);
    expect(owesKind(['podman:B'], refs, 'docker')).toBe(true);
    expect(owesKind(['container', 'worktree'], refs, 'process')).toBe(false);
    expect(owesKind(['container'], [], 'podman')).toBe(true);
  });

  it('never gives two places one key', () => {
    const keys = [...places, ...refs.map(({ kind }) => placeOf(kind))].map(keyOf);
    expect(new Set(keys).size).toBe(places.length + 4);
  });

  it.each<[unknown, boolean]>([
    ['worktree', true],
    ['podman', true],
    ['docker:A', true],
    ['docker:', false],
    ['spaceship:A', false],
    [7, false],
  ])('is named so: %j (%s)', (value, expected) => {
    expect(isDebt(value)).toBe(expected);
  });
});
