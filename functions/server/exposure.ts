import { existsSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../../lib/config/config.js';
import { isContainer, processOf, type SandboxKind } from '../../lib/domain/sandbox.js';
import type { Health, Log, Probe } from '../../lib/ports/runtime.js';
import type { Scanner } from '../../lib/ports/scanner.js';
import { isLoopback } from '../../lib/util/secure-url.js';

/** All processes are scanned no more often than this, however often `/readyz` is asked. Milliseconds. */
const EVERY = 5_000;
/** How often they are scanned for the log if `/readyz` is not asked, and how long after the start first. Milliseconds. */
const UNASKED = 60_000;
const FIRST = 1_000;
const NAMED = 5;
const OTHERS_MAY_WRITE = 0o022;

/** Warnings that are logged once, at the start. */
function warningsOn({ host, trustedProxies, stateDirectory }: Config): string[] {
  const old = resolve('.killswitch', 'state.db');
  return [
    ...(isLoopback(host) || trustedProxies.length > 0
      ? []
      : [
          `it listens on ${host} without TLS, so tokens can be read on the network: put a proxy with TLS in front of it and name the proxy in KILLSWITCH_TRUSTED_PROXIES, or set HOST to 127.0.0.1`,
        ]),
    ...(existsSync(old) && resolve('.killswitch') !== resolve(stateDirectory)
      ? [
          `${old} is the store of an earlier version, and is not used: move it to ${stateDirectory}, or set KILLSWITCH_STATE_DIR to its directory`,
        ]
      : []),
  ];
}

/** Whether other users could change the state, or replace the socket with their own. */
function stateDirectoryHealth(path: string): Health {
  const name = 'state directory';
  const stats = statSync(path, { throwIfNoEntry: false });
  const problem = (detail: string): Health => ({ name, ok: false, detail, aside: true });
  if (!stats) return { name, ok: true, detail: 'not made yet' };
  const uid = process.geteuid?.();
  if (stats.uid !== 0 && uid !== undefined && stats.uid !== uid)
    return problem(`it belongs to another user (${stats.uid}): chown it to the user that the server runs as`);
  if ((stats.mode & OTHERS_MAY_WRITE) !== 0)
    return problem(`other users may write to it (mode ${(stats.mode & 0o7777).toString(8)}): chmod 700`);
  return { name, ok: true };
}

/** The real, effective and saved UIDs and the PID namespace of a process; undefined if it is gone, or without /proc. */
function userOf(
  pid: string,
): { readonly uids: readonly number[]; readonly namespace: string | undefined } | undefined {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return undefined;
  }
  const [, uids = ''] = /^Uid:\s+(\d+\s+\d+\s+\d+)/m.exec(status) ?? [];
  return { uids: uids.split(/\s+/).map(Number), namespace: namespaceOf(pid) };
}

function namespaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

/**
 * Whether a process can kill this one and read its memory and environment, which hold the secret: it runs as the same
 * user or as root, and in the same PID namespace.
 */
function mayHarm(pid: string): boolean {
  const own = process.geteuid?.();
  if (pid === String(process.pid) || own === undefined) return false;
  const found = userOf(pid);
  if (!found?.uids.some(uid => uid === own || uid === 0)) return false;
  return found.namespace === undefined || found.namespace === namespaceOf('self');
}

/** @returns the IDs of agents that run as this server's own user, or as root, beside it */
async function agentsThatMayHarm(scanners: readonly Scanner[]): Promise<readonly string[]> {
  const asked = scanners.filter(scanner => !('kind' in scanner && isContainer(scanner.kind as SandboxKind)));
  const all = await Promise.all(asked.map(scanner => scanner.scan()));
  const sighted = all
    .flatMap(({ seen }) => seen)
    .filter(({ kind, id }) => kind === 'process' && mayHarm(String(processOf(id)?.pid)));
  return [...new Set(sighted.map(({ agentId }) => agentId))].sort();
}

export interface Exposure {
  readonly probes: readonly Probe[];
  close(): void;
}

/**
 * Reports, in the log and to `/readyz`, what makes this server less safe than it should be: a state directory that other
 * users can write to, a port open to the network without TLS, agents that run as the server's own user. The server can
 * still stop agents. Does not keep the process alive.
 */
export function openExposure(
  config: Config,
  { scanners, log }: { scanners: readonly Scanner[]; log: Log },
): Exposure {
  for (const warning of warningsOn(config)) log.warn({}, warning);
  const { detail, ok } = stateDirectoryHealth(config.stateDirectory);
  if (!ok) log.warn({ directory: config.stateDirectory }, `the state directory is not safe: ${detail}`);

  let scannedAt = Number.NEGATIVE_INFINITY;
  let last: Promise<readonly string[]> = Promise.resolve([]);
  let wasLogged = false;
  const scan = (): Promise<readonly string[]> => {
    if (performance.now() - scannedAt < EVERY) return last;
    scannedAt = performance.now();
    last = agentsThatMayHarm(scanners).then(agents => {
      if (agents.length > 0 && !wasLogged)
        log.warn(
          { agents: agents.slice(0, NAMED), count: agents.length },
          'agents run as this server’s own user, or as root beside it: they can read its secret and end it. Run the server as a user of its own, and agents as another',
        );
      wasLogged = agents.length > 0;
      return agents;
    });
    return last;
  };
  const scanForLog = (): void => void scan().catch(() => undefined);
  // Not at once: the server must listen first.
  const timers = [setTimeout(scanForLog, FIRST).unref(), setInterval(scanForLog, UNASKED).unref()];

  const user: Probe = {
    async probe() {
      const { length } = await scan();
      const name = 'user';
      if (length === 0) return { name, ok: true };
      const detail = `${length === 1 ? '1 agent runs' : `${length} agents run`} as the server's own user, or as root beside it, and can read its secret and end it: run the server as a user of its own`;
      return { name, ok: false, detail, aside: true };
    },
  };
  const directory: Probe = { probe: async () => stateDirectoryHealth(config.stateDirectory) };
  return { probes: [directory, user], close: () => timers.forEach(clearTimeout) };
}
