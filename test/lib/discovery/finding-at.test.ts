import { expect, it } from 'vitest';
import { findingAt } from '../../../lib/discovery/finding-at.js';
import { match } from '../../../lib/discovery/match.js';
import { CLAUDE, LABEL, listing, process, VARIABLE, view } from './table.helper.js';

it('finds the agent that a process belongs to, by descent or by what it carries', async () => {
  const marks = { environment: { CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: 's-1' } };
  const processes = [
    process({ pid: 10, executable: CLAUDE, args: ['claude'] }),
    process({ pid: 11, parentPid: 10, ...marks }),
    process({ pid: 12, ...marks }),
    process({ pid: 13 }),
  ];
  const findings = match(view(processes), { agentLabel: LABEL });
  const host = { table: { list: async () => listing(processes) }, agentVariable: VARIABLE };
  const at = async (pid: number) => (await findingAt(host, findings, pid))?.agentId;
  expect(await Promise.all([10, 11, 12, 13, 99].map(at))).toEqual([
    ...['claude-s-1', 'claude-s-1', 'claude-s-1'],
    undefined,
    undefined,
  ]);
});
