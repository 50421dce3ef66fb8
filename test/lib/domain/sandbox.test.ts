import { describe, expect, it } from 'vitest';
import {
  changedSandboxes,
  contradicted,
  describeRef,
  MAX_SANDBOXES,
  oddId,
  placesOf,
  processOf,
  recordable,
  type SandboxRef,
  sandboxesOf,
  servedBy,
} from '../../../lib/domain/sandbox.js';

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)];
const docker = (id: string): SandboxRef => ({ kind: 'docker', id });
const podman = (id: string): SandboxRef => ({ kind: 'podman', id });
const process = (id: string): SandboxRef => ({ kind: 'process', id });

describe('the sandboxes of a record', () => {
  it('are those of its list and of its short forms, each once', () => {
    const list = [docker(A), podman(B), docker(A), process('42:7')];
    expect(sandboxesOf(list, {})).toEqual([docker(A), podman(B), process('42:7')]);
    const short = { containerId: A, process: { pid: 42, startTime: '7' } };
    expect(sandboxesOf(undefined, short)).toEqual([docker(A), process('42:7')]);
    expect(sandboxesOf(list, short)).toEqual([docker(A), podman(B), process('42:7')]);
    expect(sandboxesOf(undefined, {})).toEqual([]);
  });

  it('take a short form for what the list says more exactly', () => {
    expect(sandboxesOf([podman(A)], { containerId: A })).toEqual([podman(A)]);
    expect(sandboxesOf([process('42:7')], { process: { pid: 42 } })).toEqual([process('42:7')]);
    expect(sandboxesOf([process('42:7')], { process: { pid: 4 } })).toEqual([process('42:7'), process('4')]);
  });

  it.each([
    'docker',
    { kind: 'docker' },
    [null, 'a', 7, [], { kind: 'docker' }, { kind: 'docker', id: '' }, { kind: 'docker', id: 7 }],
    [{ kind: 'spaceship', id: A }, { kind: 'toString', id: A }, { id: A }],
  ])('leave out what names none: %j', list => {
    expect(sandboxesOf(list, {})).toEqual([]);
  });

  it('keep an ID that a sandbox has to refuse, and no member of others', () => {
    expect(sandboxesOf([{ ...docker('../x'), note: 1 }], {})).toEqual([docker('../x')]);
  });

  it('are no more than a node can ask about', () => {
    const many = Array.from({ length: MAX_SANDBOXES + 1 }, (_, pid) => process(`${pid}:1`));
    expect(sandboxesOf(many, {})).toHaveLength(MAX_SANDBOXES);
  });

  it('give the short forms of the first ones', () => {
    expect(
      placesOf([{ kind: 'unit', id: 'a.service' }, podman(B), docker(A), process('42:7')]),
    ).toMatchObject({
      containerId: B,
      process: { pid: 42, startTime: '7' },
    });
    expect(placesOf([])).toEqual({ sandboxes: [], containerId: undefined, process: undefined });
  });
});

describe('a change of a record', () => {
  it('replaces all by a list', () => {
    expect(changedSandboxes([docker(A), process('1:1')], { sandboxes: [podman(B)] })).toEqual([podman(B)]);
  });

  it('replaces by a short form the first one that it stands for, or adds it', () => {
    expect(changedSandboxes([podman(A), process('42:7')], { containerId: B })).toEqual([
      podman(B),
      process('42:7'),
    ]);
    expect(changedSandboxes([docker(A)], { containerId: A })).toEqual([docker(A)]);
    expect(changedSandboxes([docker(A)], { process: { pid: 42, startTime: '7' } })).toEqual([
      docker(A),
      process('42:7'),
    ]);
  });

  it('may not contradict itself', () => {
    const sandboxes = [podman(A), process('42:7')];
    expect(contradicted({ containerId: A })).toBeUndefined();
    expect(contradicted({ sandboxes, containerId: A, process: { pid: 42, startTime: '7' } })).toBeUndefined();
    expect(contradicted({ sandboxes, containerId: B })).toBe('containerId');
    expect(contradicted({ sandboxes, process: { pid: 42, startTime: '8' } })).toBe('process');
  });
});

describe('the ID of a sandbox', () => {
  it.each<[SandboxRef, boolean]>([
    [docker(A), true],
    [podman(A.toUpperCase()), false],
    [docker(A.slice(1)), false],
    [process('42:7'), true],
    [process('1:7'), false],
    [process('42'), false],
    [process('042:7'), false],
    [{ kind: 'unit', id: 'agent-a1@2.service' }, true],
    [{ kind: 'unit', id: '../x.service' }, false],
    [{ kind: 'unit', id: 'agent' }, false],
  ])('%j may stand in a request: %s', (ref, expected) => {
    expect(oddId(ref) === undefined).toBe(expected);
  });

  it.each([
    ['42:7', { pid: 42, startTime: '7' }],
    ['42', { pid: 42 }],
    ['42:Mon Nov 22 10:00:00 2026', { pid: 42, startTime: 'Mon Nov 22 10:00:00 2026' }],
    ['1:7', { pid: 1, startTime: '7' }],
    ['0.5:', undefined],
    ['-1:7', undefined],
    [A, undefined],
  ])('%s names the process %j', (id, expected) => {
    expect(processOf(id)).toEqual(expected);
  });

  it('is told in few words', () => {
    const refs = [docker(A), process('42:7'), process('x'), { kind: 'unit', id: 'a.scope' } as const];
    expect(refs.map(describeRef)).toEqual([
      `container ${'a'.repeat(12)}`,
      'process 42',
      'process x',
      'unit a.scope',
    ]);
  });
});

describe('a sandbox of a record', () => {
  it('is asked about at its own kind, or at one that has the same short form', () => {
    expect(servedBy('podman', ['docker', 'podman'])).toBe('podman');
    expect(servedBy('podman', ['process', 'docker'])).toBe('docker');
    expect(servedBy('unit', ['process', 'docker'])).toBeUndefined();
  });

  it('of one that was found running is each container, the expected one first, and the oldest process', () => {
    const seen = [process('50:9'), process('42:7'), docker(A), docker(B), process('43:7')];
    expect(recordable(seen, B)).toEqual([docker(B), docker(A), process('42:7')]);
    expect(recordable(seen.slice(0, 1), undefined)).toEqual([process('50:9')]);
    expect(recordable([], undefined)).toEqual([]);
  });
});
