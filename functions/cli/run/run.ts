import { closeSync, openSync } from 'node:fs';
import type { Registration } from '../../../lib/domain/agent.js';
import { omitUndefined } from '../../../lib/util/omit-undefined.js';
import type { RunHost } from '../../server/run-host.js';
import type { Started } from './agent.js';
import { startInContainer } from './in-container.js';
import { startOnHost } from './on-host.js';
import { type CommandLine, memberOf, newAgentId, type RunOptions } from './plan.js';
import { refusalOf } from './refusal.js';
import { openRegistry, type Registry } from './registry.js';
import { exitCodeOf, openSignals, type Signals } from './signals.js';
import { type Say, supervise } from './supervise.js';
import { type PlannedWorktree, planWorktree } from './worktree.js';

/**
 * Runs a command as an agent, in this terminal, to its end.
 * @param say prints a line on standard error
 * @returns the exit code: the command's; 128 and the number of the signal that ended it; 137 if it was killed
 * @throws Error that says what to do, if it was not started
 */
export async function run(words: readonly string[], options: RunOptions, say: Say): Promise<number> {
  const host = await hostOfThis();
  const agentId = options.id ?? newAgentId(words[0] ?? options.container ?? '');
  const registry = await openRegistry(agentId, options, { mayKill: options.maxAge !== undefined });
  const worktree = await plannedWorktree();
  const signals = openSignals({
    hasTerminal: hasTerminal(),
    lookAt: host.lookAt,
    isHeld: () => isHeld(registry),
  });
  try {
    return await registered();
  } finally {
    signals.close();
  }

  async function plannedWorktree(): Promise<PlannedWorktree | undefined> {
    const { worktree: place } = options;
    if (place === undefined) return undefined;
    return planWorktree({ agentId, place, roots: host.worktreeRoots, cwd: process.cwd() }, host);
  }

  async function registered(): Promise<number> {
    const { repository, worktreePath } = worktree ?? {};
    const members = memberOf(options, { host: host.hostId, now: Date.now() });
    await admitted({ ...members, ...omitUndefined({ repository, worktreePath }), status: 'spawning' });
    let started: Started;
    try {
      await worktree?.make();
      started = await start();
    } catch (error) {
      await registry.change({ status: 'failed' }).catch(() => undefined);
      if (signals.early !== undefined) return exitCodeOf(signals.early);
      throw error;
    }
    announce(started);
    return supervise(started, { agentId, words, options, registry, signals, say });
  }

  async function admitted(registration: Registration): Promise<void> {
    try {
      await registry.register(registration);
    } catch (error) {
      throw await refusalOf(error, agentId, registry);
    }
  }

  async function start(): Promise<Started> {
    checkSignals(signals);
    const cwd = worktree?.worktreePath;
    const { container: image } = options;
    if (image === undefined) {
      const env = { ...host.environment, [host.agentVariable]: agentId };
      return startOnHost(words as CommandLine, { agentId, cwd, env, ...host });
    }
    return startInContainer({
      ...{ agentId, image, label: host.agentLabel, command: words, worktree: cwd },
      env: host.dockerEnvironment,
      isInteractive: process.stdin.isTTY && process.stdout.isTTY,
      async register(containerId) {
        checkSignals(signals);
        await registry.change({ status: 'running', containerId }).catch(async (error: unknown) => {
          throw await refusalOf(error, agentId, registry);
        });
      },
    });
  }

  function announce({ weakness }: Started): void {
    if (registry.store !== undefined)
      say(
        `No server answers here; ${agentId} is registered in ${registry.store}. To stop it: killswitch kill ${agentId} --local`,
      );
    for (const why of [weakness, worktree?.weakness]) if (why !== undefined) say(`${agentId} ${why}.`);
    if (options.verbose) {
      const place = worktree === undefined ? '' : ` in ${worktree.worktreePath}`;
      say(`${agentId} runs${place}. To stop it: killswitch kill ${agentId}`);
    }
  }
}

async function hostOfThis(): Promise<RunHost> {
  const [{ environment, openRunHost }, { readConfig }] = await Promise.all([
    import('../../node.js'),
    import('../../server/read-environment.js'),
  ]);
  return openRunHost(readConfig(environment(), { dev: true }));
}

/** By its record, which says so before anything is done to it. */
async function isHeld(registry: Registry): Promise<boolean> {
  const record: Readonly<Record<string, unknown>> | undefined = await registry
    .record()
    .catch(() => undefined);
  return record?.['status'] === 'killed' || record?.['paused'] !== undefined;
}

/** @throws Error, which is not shown: the exit code says what happened */
function checkSignals({ early }: Signals): void {
  if (early !== undefined) throw new Error(`${early} came before it was started`);
}

/** Whether this process has a controlling terminal; its standard streams may still lead elsewhere (tty(4)). */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
