import { describe, expect, it } from 'vitest';
import { detectors } from '../../../lib/discovery/detectors/index.js';
import type { Finding } from '../../../lib/discovery/finding.js';
import { match } from '../../../lib/discovery/match.js';
import type { ProcessInfo } from '../../../lib/ports/process-table.js';
import { CLAUDE, CODEX, LABEL, MODULES, NODE, process, view } from './table.helper.js';

const find = (processes: readonly ProcessInfo[], self = 0): readonly Finding[] =>
  match(view(processes, self), { agentLabel: LABEL });

/** The main, and what it carries for its children, of each tool as it was measured or as its source says. */
const tools: Record<
  string,
  { readonly tree: ProcessInfo[]; readonly main: number; readonly session?: string }
> = {
  claude: {
    tree: [
      process({ pid: 10, executable: CLAUDE, args: ['claude', '-p', 'go on'] }),
      process({ pid: 11, parentPid: 10, environment: { CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: 's-1' } }),
    ],
    main: 10,
    session: 's-1',
  },
  codex: {
    tree: [
      process({ pid: 10, executable: NODE, args: ['node', `${MODULES}/.bin/codex`, 'exec', 'go on'] }),
      process({ pid: 11, parentPid: 10, executable: CODEX, args: ['codex', 'exec', 'go on'] }),
      process({ pid: 12, parentPid: 11, environment: { CODEX_SESSION_ID: 'c-1' } }),
    ],
    main: 11,
    session: 'c-1',
  },
  gemini: {
    tree: [
      process({ pid: 10, executable: NODE, args: ['node', `${MODULES}/.bin/gemini`, '-p', 'go on'] }),
      process({
        ...{ pid: 11, parentPid: 10, executable: NODE },
        args: ['/usr/bin/node', '--max-old-space-size=4000', `${MODULES}/.bin/gemini`, '-p', 'go on'],
        environment: { GEMINI_CLI_NO_RELAUNCH: 'true' },
      }),
    ],
    main: 11,
  },
  qwen: {
    tree: [
      process({ pid: 10, executable: NODE, args: ['node', `${MODULES}/.bin/qwen`, '-p', 'go on'] }),
      process({
        pid: 11,
        parentPid: 10,
        executable: NODE,
        args: ['node', `${MODULES}/@qwen-code/qwen-code/cli.js`],
      }),
      process({
        pid: 12,
        parentPid: 11,
        executable: NODE,
        args: ['node', `${MODULES}/@qwen-code/qwen-code/cli.js`],
      }),
      process({ pid: 13, parentPid: 12, environment: { QWEN_CODE: '1', QWEN_CODE_SESSION_ID: 'q-1' } }),
    ],
    main: 12,
    session: 'q-1',
  },
  opencode: {
    tree: [
      process({
        pid: 10,
        executable: `${MODULES}/opencode-ai/bin/opencode.exe`,
        args: ['opencode', 'run', 'go'],
      }),
    ],
    main: 10,
  },
  copilot: {
    tree: [
      process({ pid: 10, executable: NODE, args: ['node', `${MODULES}/.bin/copilot`, '-p', 'go on'] }),
      process({ pid: 11, parentPid: 10, executable: `${MODULES}/@github/copilot-linux-x64/copilot` }),
      process({ pid: 12, parentPid: 11, environment: { COPILOT_CLI: '1', COPILOT_AGENT_SESSION_ID: 'p-1' } }),
    ],
    main: 11,
    session: 'p-1',
  },
  goose: {
    tree: [
      process({
        pid: 10,
        executable: `${MODULES}/@aaif/goose-binary-linux-x64/bin/goose`,
        args: ['goose', 'run'],
      }),
    ],
    main: 10,
  },
  cline: {
    tree: [
      process({ pid: 10, executable: `${MODULES}/@cline/cli-linux-x64/bin/cline`, args: ['cline', 'go on'] }),
    ],
    main: 10,
  },
  aider: {
    tree: [
      process({
        pid: 10,
        executable: '/usr/bin/python3.11',
        args: ['python3', '/home/ann/.local/bin/aider'],
      }),
    ],
    main: 10,
  },
  openhands: {
    tree: [
      process({
        pid: 10,
        executable: '/usr/bin/python3',
        args: ['python', '-m', 'openhands.core.main', '-t', 'go'],
      }),
    ],
    main: 10,
  },
  'swe-agent': {
    tree: [
      process({ pid: 10, executable: '/usr/bin/python3', args: ['python', '/opt/venv/bin/sweagent', 'run'] }),
    ],
    main: 10,
  },
};

describe.each(Object.entries(tools))('the detector of %s', (name, { tree, main, session }) => {
  it('finds its main once, with its wrapper and all that it started', () => {
    const found = find([process({ pid: 5, executable: '/usr/bin/bash', args: ['-bash'] }), ...tree]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      detector: name,
      kind: 'process',
      id: `${main}:${main * 100}`,
      agentId: session === undefined ? `${name}-${main}-${main * 100}` : `${name}-${session}`,
      adopted: false,
      tree: { processes: tree.length },
    });
  });

  it('says whether it was ever tried on the tool', () => {
    const isTried = detectors.find(one => one.name === name)?.seen !== undefined;
    expect(find(tree)[0]?.untested).toBe(isTried ? undefined : true);
  });
});
