import { placeOf } from '../../domain/debt.js';
import type { LayerOutcome } from '../../domain/outcome.js';
import type { SandboxKind } from '../../domain/sandbox.js';
import type { Kernel } from '../../ports/kernel.js';
import type { Log } from '../../ports/runtime.js';
import type { Sandbox, Target } from '../../ports/sandbox.js';
import type { Scanner } from '../../ports/scanner.js';
import { createApi } from './api.js';
import { createOwnerCheck } from './check-owner.js';
import { type ConnectionOptions, DEFAULT_SOCKET, parseAddress, prepareConnection } from './connection.js';
import { byContext } from './context.js';
import { DATA_ROOT } from './disk.js';
import { createEngine } from './engine.js';
import { createEnginePath } from './engine-path.js';
import { openEvents } from './events.js';
import { createEvidenceCollector, type EvidenceStore } from './evidence.js';
import { openFollower } from './follow.js';
import { createProbe } from './health.js';
import { createCgroupIndexer } from './index-cgroup.js';
import { createKiller } from './kill.js';
import { createKillPriority } from './kills-first.js';
import { createListing } from './listing.js';
import { createMap } from './map.js';
import { openMemory } from './memory.js';
import { openModem } from './modem.js';
import { createPauser } from './pause.js';
import { createRehearsal } from './rehearse.js';
import { createAgentRemover } from './remove-agent.js';
import { createContainerRemover } from './remove-container.js';
import { createScanner } from './scanner.js';
import type { Seen } from './seen.js';

export interface DockerOptions extends ConnectionOptions {
  /** What records and outcomes call this engine's containers; `docker` if absent. */
  readonly kind?: SandboxKind;
  /** Key of the container label that has to equal the agent's ID. */
  readonly label?: string;
  /** `false` also allows a recorded container that has no such label; never one that has another agent's. */
  readonly requireLabel?: boolean;
  /** Milliseconds that a call of the engine may take, kills and removals aside. */
  readonly callDeadlineMs?: number;
  /** The engine answers a kill when the container is dead: with many at a time that takes seconds. */
  readonly killDeadlineMs?: number;
  readonly removalDeadlineMs?: number;
  /** How many containers may be under removal at a time. Killing has no limit. */
  readonly removalConcurrency?: number;
  /** Milliseconds between two lists that correct what the engine's event stream may have missed. */
  readonly refreshMs?: number;
  /** Kills containers of this host without the engine. */
  readonly kernel?: Kernel;
  /** Keeps what a container leaves behind before it is removed. */
  readonly evidence?: EvidenceStore | undefined;
  /** Where to keep what the engine reported, for the next process; without it, that one starts knowing nothing. */
  readonly stateDirectory?: string;
  /** Where the engine keeps its files, if it is Docker's and on this machine. */
  readonly dataRoot?: string;
  readonly log: Log;
}

export interface DockerSandbox extends Sandbox, Scanner {
  /** Breaks off the calls that are under way, and the event stream. */
  close(): Promise<void>;
}

const NOT_STOPPED = 'the container was not seen to stop yet';

/** Where there is no kernel path. */
const NO_KERNEL: Kernel = {
  freeze: async () => [],
  thaw: async () => [],
  isFrozen: () => undefined,
  remember: () => undefined,
  rememberOwn: () => false,
  find: async () => [],
  sweep: async () => [],
  forget: () => undefined,
  kill: () => [],
  members: () => [],
  reaches: () => false,
  look: () => 'unknown',
  probe: async () => ({ name: 'kernel', ok: true }),
};

/**
 * Agents in containers, stopped through the kernel where that is possible, and through the engine's API. Throws at
 * once if the address or the certificates cannot be read; it does not need the engine to be there. Until it is
 * closed it follows the engine's events; that alone keeps no process alive.
 */
export function openDocker(options: DockerOptions): DockerSandbox {
  const { kind = 'docker', label = 'killswitch.agent-id', requireLabel = true, log } = options;
  // The containers of another machine's engine have no cgroup here, whatever has their name or PID.
  const connection = byContext(options, DEFAULT_SOCKET);
  const address = parseAddress(connection);
  const ownKernel = address.kind === 'socket' ? options.kernel : undefined;
  const kernel = ownKernel ?? NO_KERNEL;
  const { callDeadlineMs = 1500, killDeadlineMs: killMs = 10_000, refreshMs = 30_000 } = options;
  const { removalDeadlineMs = 30_000, removalConcurrency = 16 } = options;
  const modem = openModem(prepareConnection(connection));
  const api = createApi(modem);
  const memory = openMemory({
    directory: options.stateDirectory,
    of: `${label} ${JSON.stringify(address)}`,
    all: () => map.all().map(({ id, agentId }) => [id, agentId] as const),
    log,
  });
  const engine = createEngine(api, callDeadlineMs, memory.answered);
  const map = createMap({ label, onForget: id => kernel.forget(id), onChange: memory.changed });
  const remembered = memory.loaded.then(map.seed);
  const indexCgroup = ownKernel ? createCgroupIndexer({ engine, kernel, map, log }) : async () => undefined;
  const follower = openFollower({
    engine,
    open: (since, signal) => openEvents(api, { label, since, deadlineMs: callDeadlineMs, signal }),
    map,
    label,
    refreshMs,
    onRunning: container => {
      scanner.report(container);
      if (kernel.look(container.id) === 'unknown') void indexCgroup(container);
    },
    onUnclear: container => void indexCgroup(container),
    log,
  });
  const { isLive, refresh } = follower;
  const { hasAnswered } = memory;
  const scanner = createScanner({ kind, map, kernel, refresh, indexCgroup, remembered, hasAnswered, log });

  const { first, passed } = createKillPriority();
  const list = createListing(engine, label);
  const remove = createContainerRemover(engine, {
    concurrency: removalConcurrency,
    withinMs: removalDeadlineMs,
    after: passed,
    gather: options.evidence && createEvidenceCollector({ engine, kernel, store: options.evidence, log }),
    onRemoved: id => map.drop(id),
  });
  const guard = { label, requireLabel };
  const checkOwner = createOwnerCheck({ map, guard, isLive, dataRoot: options.dataRoot ?? DATA_ROOT });
  const { knew } = map;
  const enginePath = createEnginePath({ engine, list, guard, remove, knew, hasAnswered, log });
  const ways = { engine, enginePath, kernel, map, isLive, indexCgroup, checkOwner, remembered };
  const kill = createKiller({ ...ways, first, killMs, log });
  const rehearse = createRehearsal({ ...ways, killMs, log });
  const pauser = createPauser({ engine, enginePath, kernel, map, isLive, checkOwner, remembered });
  const removeAll = createAgentRemover({ enginePath, remove, list, map, isLive });

  const about = ({ id }: Target, { outcome, ...seen }: Seen): LayerOutcome => ({
    ...placeOf(kind, id),
    outcome,
    ...seen,
    ...(outcome === 'dead' && { needsRemoval: true }),
  });

  return {
    kind,
    kill: async (target, bounds) =>
      about(target, await untilDeadline(kill(target, bounds), bounds.deadline, NOT_STOPPED)),
    ...(rehearse && {
      rehearse: async (target, bounds) =>
        about(target, await untilDeadline(rehearse(target, bounds), bounds.deadline, NOT_STOPPED)),
    }),
    pause: async (target, deadline) =>
      about(target, await untilDeadline(pauser.pause(target, deadline), deadline, NOT_PAUSED)),
    resume: async (target, deadline) =>
      about(target, await untilDeadline(pauser.resume(target, deadline), deadline, NOT_RESUMED)),
    remove: async (target, deadline) =>
      about(target, await untilDeadline(removeAll(target), deadline, NOT_REMOVED)),
    scan: scanner.scan,
    watch: scanner.watch,
    probe: createProbe({ ask: () => engine.list(label, 1), isLive, map, kernel: ownKernel }),
    async close() {
      follower.close();
      modem.close();
      await memory.close();
    },
  };
}

const NOT_PAUSED = 'the container was not seen to stand still yet';
const NOT_RESUMED = 'the container was not seen to run again yet';
const NOT_REMOVED = 'the container was not seen to be removed yet';

/** The deadline ends the waiting and never the work. */
function untilDeadline(work: Promise<Seen>, deadline: AbortSignal, detail: string): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const answer = (seen: Seen): void => {
      deadline.removeEventListener('abort', giveUp);
      resolve(seen);
    };
    const giveUp = (): void => answer({ outcome: 'pending', detail });
    if (deadline.aborted) giveUp();
    else deadline.addEventListener('abort', giveUp, { once: true });
    work.then(answer, reject);
  });
}
