import { join, resolve } from 'node:path';
import { uuidv7 } from 'uuidv7';
import { createUnavailableStore } from '../lib/adapters/unavailable-store.js';
import { createIsSettled } from '../lib/agents/is-settled.js';
import type { Config } from '../lib/config/config.js';
import { recognitionOn } from '../lib/discovery/recognition.js';
import { createPresence } from '../lib/domain/presence.js';
import { createRecentKills } from '../lib/domain/recent-kills.js';
import { type Core, defaultLimits } from '../lib/ports/core.js';
import type { Kernel } from '../lib/ports/kernel.js';
import type { Metrics } from '../lib/ports/metrics.js';
import type { Quarantine } from '../lib/ports/quarantine.js';
import type { Clock, Log } from '../lib/ports/runtime.js';
import type { Sandbox } from '../lib/ports/sandbox.js';
import type { Scanner } from '../lib/ports/scanner.js';
import { createInFlight } from '../lib/stop/in-flight.js';
import { createStop } from '../lib/stop/stop.js';
import { createHosts } from '../lib/store/hosts.js';
import { observeCommits } from '../lib/store/observe-commits.js';
import { markUsed } from '../lib/store/single-use.js';
import { omitUndefined } from '../lib/util/omit-undefined.js';
import { throttleLog } from './http/throttle-log.js';
import { variablesOf } from './server/config-file.js';
import { openOrderKeys } from './server/order-keys.js';
import { connectionOf } from './server/places.js';
import { environmentsOf, type RunHost } from './server/run-host.js';
import { createTeardown, logLeft } from './server/teardown.js';
import type { Node, NodeOptions, Seals } from './server/wired.js';

export type { Node, Seals } from './server/wired.js';

/**
 * The composition root for Node: the only file that reads the environment and imports the adapters. Each adapter is
 * loaded when it is opened, so that a command that only asks a server loads none.
 */

const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

export const environment = variablesOf(process.env);

type Mint = typeof import('../lib/adapters/jose/mint.js').mintToken;
export const mintToken: Mint = async options =>
  (await import('../lib/adapters/jose/mint.js')).mintToken(options);

export async function openMetrics(): Promise<Metrics> {
  const prometheus = await import('../lib/adapters/prometheus.js');
  return prometheus.createMetrics();
}

/** JSON lines on standard output, or in another place. */
export async function openLog({ logLevel: level }: Config, destination?: string) {
  const log = await import('../lib/adapters/log.js');
  return log.openLog({ level, ...omitUndefined({ destination }) });
}

/** Ends this process if its event loop is blocked for too long. */
export async function openWatchdog({ watchdogMs }: Config, log: Log): Promise<{ close(): unknown }> {
  const watchdog = await import('../lib/adapters/watchdog.js');
  return watchdog.openWatchdog({ limitMs: watchdogMs, log });
}

export async function openStore({ store, stateDirectory, keyPrefix }: Config, log: Log) {
  if (store.kind === 'sqlite') {
    const { startSqlite } = await import('../lib/adapters/sqlite/index.js');
    return startSqlite({ path: join(stateDirectory, 'state.db'), clock });
  }
  const { openValkey } = await import('../lib/adapters/valkey/index.js');
  return openValkey({ url: store.url, keyPrefix, log });
}

/** @param options.create create a secret in the state directory if none is set and none exists */
export async function openSeals(config: Config, { create }: { readonly create: boolean }): Promise<Seals> {
  const { store, stateDirectory: directory, keyPrefix, auditSecrets } = config;
  const { auditKeys, auditSecret, createHighWaterMark, orderKeys } = await import(
    '../lib/adapters/state/seal/index.js'
  );
  const name = store.kind === 'sqlite' ? 'sqlite' : `${store.url} ${keyPrefix}`;
  async function secrets(): Promise<[string, ...string[]]> {
    const [first = await auditSecret({ directory, create }), ...others] = auditSecrets;
    if (first) return [first, ...others];
    throw new Error(
      'There is no key to verify with: set KILLSWITCH_AUDIT_KEY, or KILLSWITCH_SECRET, to the value that the server uses.',
    );
  }
  return {
    highWaterMark: createHighWaterMark({ directory, store: name }),
    latchHighWaterMark: createHighWaterMark({ directory, store: name, of: 'latch' }),
    openKeys: async () => auditKeys(await secrets()),
    openOrderKeys: async () => orderKeys(await secrets()),
  };
}

/** The directory for evidence that belongs to no quarantine entry. */
const evidenceIn = ({ stateDirectory }: Config): string => resolve(stateDirectory, 'evidence');

/** What killed agents left on this host; needs no server and no store. */
export async function openQuarantine(config: Config, log: Log): Promise<Quarantine> {
  const { worktreeRoots: roots, quarantineTtlMs: ttlMs } = config;
  const quarantine = await import('../lib/adapters/worktree/quarantine-store/index.js');
  const { PATH: path = '/usr/local/bin:/usr/bin:/bin' } = process.env;
  return quarantine.openQuarantine({
    ...{ roots, ttlMs, path, clock, log },
    evidenceDirectory: evidenceIn(config),
  });
}

type Keep = import('../lib/adapters/worktree/index.js').OpenWorktrees['keepEvidence'];
type Place = Sandbox & Scanner & { close?(): Promise<void> };

async function openSandboxes(
  config: Config,
  { kernel, keepEvidence: keep, log }: { kernel: Kernel; keepEvidence: Keep; log: Log },
): Promise<readonly Place[]> {
  const { sandboxes, agentLabel: label, agentVariable: variable, requireLabel, stateDirectory } = config;
  const places: Place[] = [];
  if (sandboxes.docker) {
    const { openDocker } = await import('../lib/adapters/docker/index.js');
    const settings = { ...connectionOf(config, process.env), label, requireLabel, stateDirectory };
    places.push(openDocker({ ...settings, kernel, evidence: config.evidence ? { keep } : undefined, log }));
  }
  if (sandboxes.process) {
    const { createProcesses } = await import('../lib/adapters/process/index.js');
    const { createEnclosures } = await import('../lib/adapters/cgroup/enclosures.js');
    const enclosures = createEnclosures({ variable, log });
    places.push(createProcesses({ variable, kernel, enclosures, recognize: recognitionOn(variable), log }));
  }
  return places;
}

/** Looks at this host without a server, a store or root. @throws TypeError if the engine's address cannot be read */
export async function openScan(config: Config) {
  const { createHost } = await import('../lib/adapters/process/host.js');
  const { createContainers } = await import('../lib/adapters/docker/containers.js');
  const { agentVariable, agentLabel, sandboxes } = config;
  const containers = sandboxes.docker ? [createContainers(connectionOf(config, process.env))] : [];
  return { ...createHost(), agentVariable, agentLabel, containers };
}

/** Finds agents that carry no ID. */
async function openFoundScanner(core: Core, config: Config): Promise<Scanner> {
  const [{ createEnclosures }, { createFoundScanner }, { lookAtHost }, sources] = await Promise.all([
    import('../lib/adapters/cgroup/enclosures.js'),
    import('../lib/discovery/found-scanner.js'),
    import('../lib/discovery/scan.js'),
    openScan(config),
  ]);
  const look = () => lookAtHost(sources);
  const enclosures = createEnclosures({ variable: config.agentVariable, log: core.log });
  return createFoundScanner(core, { look, enclosures, wanted: new Set(config.discover) });
}

/** @throws Error in one clear sentence of an adapter */
export async function openNode(config: Config, log: Log, options: NodeOptions = {}): Promise<Node> {
  const { storeless = false, createKeys = false, onWritten = () => undefined } = options;
  const { hostId, stateDirectory, worktreeRoots: roots, quarantineTtlMs: ttlMs } = config;
  const [{ createCgroups }, { createJournal, RESERVE }, { openWorktrees }, orderKeys, store] =
    await Promise.all([
      import('../lib/adapters/cgroup/index.js'),
      import('../lib/adapters/state/journal/index.js'),
      import('../lib/adapters/worktree/index.js'),
      openOrderKeys(() => openSeals(config, { create: createKeys }), { create: createKeys, log }),
      openStore(config, log).catch((error: unknown) =>
        storeless ? createUnavailableStore(error) : Promise.reject(error),
      ),
    ]);
  for (const note of config.notes) log.warn({}, note);
  const kernel = createCgroups({ log });
  const journal = createJournal({ directory: stateDirectory, reserve: RESERVE });
  const worktrees = openWorktrees({
    ...{ roots, ttlMs, hostId, clock, log },
    maxBytes: config.quarantineMaxBytes,
    evidenceDirectory: evidenceIn(config),
    isConfirmed: createIsSettled(store.records),
  });
  const { keepEvidence, expire } = worktrees;
  const sandboxes = await openSandboxes(config, { kernel, keepEvidence, log });
  const scanners: Scanner[] = [...sandboxes];
  const core: Core = {
    hostId,
    ...observeCommits(store, onWritten),
    ...{ sandboxes, scanners },
    ...{ worktrees, worktreeRoots: roots, journal, orderKeys },
    recordCache: new Map(),
    recentKills: createRecentKills(),
    presence: createPresence(),
    // The embedded store belongs to this host, even if several processes share it.
    isAlone: () => config.store.kind === 'sqlite' || hosts.isAlone(),
    newId: uuidv7,
    clock,
    log,
    limits: { ...defaultLimits, cleanupMs: config.cleanupTimeoutMs },
  };
  const hosts = createHosts(core);
  if (config.store.kind !== 'sqlite') void hosts.beat();
  if (config.sandboxes.process) scanners.push(await openFoundScanner(core, config));
  const inFlight = createInFlight(core);
  const stop = createStop(core, inFlight);
  const teardown = createTeardown();
  teardown.add('store', () => store.close());
  for (const place of sandboxes) teardown.add('sandbox', () => place.close?.());
  teardown.add('worktrees', () => worktrees.close());
  teardown.add('stops in flight', () => stop.idle());
  const node: Node = {
    core,
    hosts,
    inFlight,
    stop,
    probes: [store, journal, kernel, ...sandboxes, worktrees],
    expire,
    defer: teardown.add,
    close: withinMs => teardown.run(withinMs, logLeft(log)),
  };
  try {
    // The embedded store opens in its own thread while everything else is set up.
    if ('opened' in store && !storeless) await store.opened;
    return node;
  } catch (error) {
    await node.close();
    throw error;
  }
}

export async function openRunHost(config: Config): Promise<RunHost> {
  const [{ createEnclosures }, { lookAt }, { openRepository }] = await Promise.all([
    import('../lib/adapters/cgroup/enclosures.js'),
    import('../lib/adapters/process/look.js'),
    import('../lib/adapters/worktree/create.js'),
  ]);
  const environments = environmentsOf(process.env, environment());
  const open: RunHost['openRepository'] = path => openRepository(path, environments.environment);
  const enclosures = createEnclosures({ variable: config.agentVariable });
  return { ...config, ...environments, enclosures, lookAt, openRepository: open };
}

export async function openAuthenticator(
  { secret, previousSecret, jwks, revoked, audience, issuer, tokenMaxAgeMs, publicUrls }: Config,
  { records, log }: Core,
): Promise<import('../lib/adapters/jose/tokens.js').Tokens> {
  const { openTokens } = await import('../lib/adapters/jose/tokens.js');
  return openTokens({
    ...omitUndefined({ secret, previousSecret, jwks, revoked, issuer }),
    ...(publicUrls.length > 0 && { recipients: publicUrls }),
    audience,
    maxAgeSeconds: tokenMaxAgeMs / 1000,
    markUsed: (id, ttlSeconds) => markUsed(records, id, ttlSeconds),
    clock,
    log: throttleLog(log, clock),
  });
}
