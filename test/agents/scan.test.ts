import { describe, expect, it } from 'vitest';
import { openHome } from './home.js';
import { installation, scanOf, started, stopped } from './killswitch.js';
import { speakersOf, startSession } from './session.js';

describe('killswitch scan', () => {
  it.each(started)(
    'names %s by its detector, its processes and where it works: %s',
    async (name, mode, tool) => {
      const home = await openHome(tool);
      const session = await startSession(home, mode);
      await session.untilAtWork();
      const [finding, ...others] = await scanOf(home, installation());
      expect(others).toEqual([]);
      expect(finding).toMatchObject({
        detector: name,
        kind: 'process',
        workingDirectory: session.repository,
        repository: session.repository,
        adopted: false,
      });
      // The agent itself, or a client of it that names it.
      const { pid, evidence = [] } = finding ?? {};
      const named = [pid, ...evidence.map(line => Number(/^[a-z]+ (\d+)$/.exec(line)?.[1]))];
      expect(named).toEqual(expect.arrayContaining(speakersOf(session)));
      // What was typed, which `--bg` ends after handing over.
      if (mode !== 'background') expect(named).toContain(session.pid);
    },
  );

  it.each(stopped.map(tool => [tool.name, tool] as const))('tells two of %s apart', async (_, tool) => {
    const home = await openHome(tool);
    const [first, second] = [await startSession(home, 'headless'), await startSession(home, 'headless')];
    await Promise.all([first.untilAtWork(), second.untilAtWork()]);
    const findings = await scanOf(home, installation());
    expect(new Set(findings.map(({ agentId }) => agentId)).size).toBe(2);
    const named = findings.map(({ pid, workingDirectory }) => [workingDirectory, pid]);
    const expected = [first, second].map(session => [session.repository, ...speakersOf(session)]);
    expect(named.toSorted()).toEqual(expected.toSorted());
  });
});
