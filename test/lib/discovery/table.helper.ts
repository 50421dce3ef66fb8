import { detectors } from '../../../lib/discovery/detectors/index.js';
import { type HostView, viewOf } from '../../../lib/discovery/host-view.js';
import type { ProcessInfo, ProcessListing } from '../../../lib/ports/process-table.js';

export const VARIABLE = 'KILLSWITCH_AGENT_ID';
export const LABEL = 'killswitch.agent-id';

type Given = Partial<ProcessInfo> & { readonly pid: number };

/** A process that started `pid` seconds after the epoch, of PID 1 where nothing else is said. */
export const process = ({ pid, args, executable = '/usr/bin/true', ...rest }: Given): ProcessInfo => ({
  pid,
  startTime: String(pid * 100),
  startedAt: pid * 1_000,
  parentPid: 1,
  session: pid,
  group: pid,
  uid: 1_000,
  executable,
  args: args ?? [executable],
  environment: { HOME: '/home/ann', ...rest.environment },
  isReadable: true,
  memoryBytes: 1_000_000,
  cpuMs: 10,
  state: 'alive',
  ...omit(rest),
});

const omit = ({ environment: _, ...rest }: Partial<ProcessInfo>): Partial<ProcessInfo> => rest;

export const listing = (processes: readonly ProcessInfo[], self = 0): ProcessListing => ({
  processes: [
    process({ pid: 1, parentPid: 0, executable: '/usr/lib/systemd/systemd', uid: 0 }),
    ...processes,
  ],
  unread: 0,
  self,
});

export const view = (processes: readonly ProcessInfo[], self = 0): HostView =>
  viewOf(listing(processes, self), detectors, VARIABLE);

/** Executables and scripts as the tools install them. */
export const MODULES = '/home/ann/.npm/lib/node_modules';
export const CLAUDE = `${MODULES}/@anthropic-ai/claude-code/bin/claude.exe`;
export const CODEX = `${MODULES}/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex`;
export const NODE = '/usr/bin/node';
