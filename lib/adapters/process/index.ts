import { setTimeout as delay } from 'node:timers/promises';
import { placeOf } from '../../domain/debt.js';
import type { LayerOutcome } from '../../domain/outcome.js';
import type { Enclosures } from '../../ports/enclosure.js';
import type { HostFiles } from '../../ports/host-files.js';
import type { Kernel } from '../../ports/kernel.js';
import type { Recognition } from '../../ports/recognition.js';
import type { Log } from '../../ports/runtime.js';
import type { KillOptions, Sandbox, Target } from '../../ports/sandbox.js';
import type { Scanner } from '../../ports/scanner.js';
import { createCages } from './cages.js';
import { createEncloser } from './enclose-seen.js';
import { withFound } from './found-sandbox.js';
import { createHost } from './host.js';
import { createKillsUnderWay } from './kills-under-way.js';
import { createProc } from './linux.js';
import { createMemory, type Noted } from './memory.js';
import { createOwnCgroups } from './own-cgroup.js';
import { createPauser } from './pauser.js';
import { createPortable } from './portable.js';
import { probe } from './probe.js';
import { recordedIn } from './recorded.js';
import { report } from './report.js';
import { createScanner } from './scanner.js';
import type { Snapshot } from './table.js';
import { killTree } from './tree-kill.js';
import { UNREAD } from './words.js';

/**
 * Milliseconds that an agent's recorded container has before the table is searched for what else carries its ID: to
 * read it takes longer than eleven processes take to die, and one of the processors that they die on.
 */
const HEAD_START = 10;

export interface ProcessesOptions {
  /** Environment variable that must equal the agent's ID. */
  readonly variable?: string;
  /** Where proc(5) is mounted; it must show the PID namespace that we are in. Linux only. */
  readonly procRoot?: string;
  readonly platform?: NodeJS.Platform;
  /** For agents that have a cgroup of their own. Linux only. */
  readonly kernel?: Kernel;
  /** For agents that a detector found: without it they are touched by the variable alone. */
  readonly recognize?: (files: HostFiles) => Recognition;
  /** Gives agents a cgroup of their own as soon as they are seen. Linux only. */
  readonly enclosures?: Enclosures;
  readonly log: Log;
}

/**
 * Agents that are bare processes of this host. A process is touched only if its environment carries the variable with
 * the agent's ID, or if it descends from one that does; what the record names is no more than a hint. Never touched:
 * PID 1, kernel threads, we ourselves and our ancestors.
 *
 * Found are also children that daemonized (by the variable), and children that cleared their environment, as long as
 * their parent lives, or the leader of the session or group in which they were born; and whatever was found in one of
 * the looks before. Not found: a process that did all of it between two looks, cleared its environment, lost its parent
 * *and* made a session of its own. Only a cgroup holds that one: where a process of the agent founded the cgroup that it
 * is in, all in it is the agent, and nothing is dead before the kernel says that no process is left there. Where none did,
 * the outcome says so.
 *
 * Never the agent's: what merely inherited the variable, such as the server of a multiplexer in which it was started.
 *
 * Linux is read through /proc; elsewhere `ps` is asked, which is slower and takes blanks for separators: see there.
 */
export function createProcesses({
  variable = 'KILLSWITCH_AGENT_ID',
  procRoot = '/proc',
  platform = process.platform,
  kernel,
  recognize,
  enclosures,
  log,
}: ProcessesOptions): Sandbox & Scanner & { close(): Promise<void> } {
  const table = platform === 'linux' ? createProc({ variable, procRoot }) : createPortable({ variable });
  const cgroups = kernel ? createOwnCgroups({ kernel, table, log }) : undefined;
  const cagesOf = (target: Target) =>
    createCages(target.agentId, cgroups?.of(target), { find: () => enclosures?.find(target.agentId), table });
  const memory = createMemory(table);
  const encloser = enclosures && createEncloser({ enclosures, cagesOf, log });
  const killsUnderWay = createKillsUnderWay();
  const note = (snapshot: Snapshot): Noted => {
    const noted = memory.note(snapshot);
    cgroups?.note(noted.carriers);
    encloser?.see(noted.carriers);
    return noted;
  };

  async function killNow(target: Target, options: KillOptions): Promise<LayerOutcome> {
    const { agentId } = target;
    const recorded = recordedIn(target);
    const own = cagesOf(target);
    try {
      const kinship = { ...memory.kinshipOf(agentId), recorded, isBeingKilled: killsUnderWay.has };
      const result = await killTree(table, target, options, { cgroups: own, kinship });
      const isEnclosed = own.isKnown();
      const cgroup = isEnclosed ? await own.empty(options.deadline) : undefined;
      const [wasSeen, wasEnclosed] = [memory.knows(agentId), memory.wasEnclosed(agentId)];
      if (result.sent > 0) memory.met(agentId, isEnclosed);
      return report(target, result, { table, variable, cgroup, wasSeen, wasEnclosed });
    } catch (err) {
      log.error({ err, agentId }, UNREAD);
      return {
        ...placeOf('process', target.id),
        outcome: 'failed',
        detail: UNREAD,
      };
    } finally {
      own.release();
    }
  }

  const pauser = createPauser({ table, variable, memory, cagesOf, enclosures, log });

  const host = recognize && createHost({ procRoot, platform });
  const found = host && { recognition: recognize(host.files), table: host.table, enclosures };
  const byVariable: Sandbox & Scanner & { close(): Promise<void> } = {
    kind: 'process',
    mayComeBack: true,
    ...pauser,
    ...createScanner(table, log, note),
    async kill(target, options): Promise<LayerOutcome> {
      const { id, sandboxes = [] } = target;
      if (id === undefined && sandboxes.length > 0 && options.graceMs === 0) await delay(HEAD_START);
      return killsUnderWay.during(target.agentId, () => killNow(target, options));
    },
    /** A dead process leaves nothing behind. */
    async remove({ id }): Promise<LayerOutcome> {
      return { ...placeOf('process', id), outcome: 'alreadyGone' };
    },
    probe: () => probe(table),
    close: async () => encloser?.close(),
  };
  return withFound(byVariable, found, { table, killByLabel: killNow, log });
}
