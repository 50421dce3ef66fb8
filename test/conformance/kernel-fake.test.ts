import { describe, expect, test } from 'vitest';
import { fakeKernel } from '../fakes/kernel.js';
import { kernelConformance } from './kernel.js';

kernelConformance('The fake', () => {
  const kernel = fakeKernel();
  return { kernel, spawn: name => kernel.spawn(name) };
});

describe('The fake kernel goes wrong on demand', () => {
  test('cannot be used', async () => {
    const kernel = fakeKernel();
    const cgroup = kernel.spawn('a');
    kernel.remember('a', cgroup.pid);
    kernel.fault = 'unusable';
    expect(kernel.kill(['a'])).toEqual([]);
    expect(kernel.look('a')).toBe('unknown');
    expect(kernel.rememberOwn('b', cgroup.pid, () => false)).toBe(false);
    expect((await kernel.probe()).detail).toContain('not usable');
    expect(cgroup.isRunning()).toBe(true);
  });

  test('throws instead of killing', () => {
    const kernel = fakeKernel();
    const cgroup = kernel.spawn('a');
    kernel.remember('a', cgroup.pid);
    kernel.fault = 'throws';
    expect(() => kernel.kill(['a'])).toThrow();
    expect(kernel.killed).toEqual(['a']);
    expect(cgroup.isRunning()).toBe(true);
  });

  test('kills what does not die', () => {
    const kernel = fakeKernel();
    const cgroup = kernel.spawn('a');
    kernel.remember('a', cgroup.pid);
    kernel.fault = 'survives';
    expect(kernel.kill(['a'])).toEqual(['a']);
    expect(kernel.look('a')).toBe('populated');
  });
});
