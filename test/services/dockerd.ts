import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { findBinaries } from './binaries.js';
import { startDaemon, stopDaemon } from './daemon.js';
import { engineAt } from './engine.js';
import { allProcesses, signal } from './proc.js';
import type { Service } from './service.js';

export interface EngineService extends Service {
  readonly containerdPid: number | null;
}

/** Starts an engine whose every file, socket and containerd namespace is the run's own. */
export async function startEngine(file: string, folder: string): Promise<EngineService> {
  const socket = join(folder, 'docker.sock');
  // The machine's own daemon.json must not apply.
  const config = join(folder, 'daemon.json');
  writeFileSync(config, '{}');
  const options = [
    `--config-file=${config}`,
    `--host=unix://${socket}`,
    `--data-root=${join(folder, 'data')}`,
    `--exec-root=${join(folder, 'exec')}`,
    `--pidfile=${join(folder, 'dockerd.pid')}`,
    `--containerd-namespace=${basename(folder)}`,
    `--containerd-plugins-namespace=${basename(folder)}-plugins`,
    '--iptables=false',
    '--bridge=none',
    '--log-level=warn',
  ];
  const below = existsSync(SYSTEM_CONTAINERD) ? await startContainerd(folder) : undefined;
  if (below) options.push(`--containerd=${below.socket}`);
  const child = await startDaemon(file, options, { socket, log: join(folder, 'dockerd.log') });
  const url = `unix://${socket}`;
  await engineAt(url).ping();
  const containerd = allProcesses().find(({ pid, parent, argv }) =>
    below ? pid === below.child.pid : parent === child.pid && basename(argv[0] ?? '') === 'containerd',
  );
  const stop = async (): Promise<void> => {
    child.kill('SIGCONT');
    if (containerd) signal(containerd.pid, containerd.startTime, 'SIGCONT');
    await removeContainers(url);
    await stopDaemon(child);
    if (below) await stopDaemon(below.child);
  };
  return { url, pid: child.pid ?? null, containerdPid: containerd?.pid ?? null, stop };
}

/** Where one is a service of the machine, an engine uses that one instead of starting its own. */
const SYSTEM_CONTAINERD = '/run/containerd/containerd.sock';

/** One of this engine alone, with the files that an engine gives to its own. */
async function startContainerd(
  folder: string,
): Promise<{ readonly child: ChildProcess; readonly socket: string }> {
  const state = join(folder, 'exec', 'containerd');
  const socket = join(state, 'containerd.sock');
  mkdirSync(state, { recursive: true });
  const config = join(folder, 'containerd.toml');
  writeFileSync(
    config,
    [
      'version = 2',
      `root = "${join(folder, 'data', 'containerd', 'daemon')}"`,
      `state = "${join(state, 'daemon')}"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
      `[grpc]\naddress = "${socket}"`,
      `[debug]\naddress = "${join(state, 'debug.sock')}"\nlevel = "warn"`,
      '',
    ].join('\n'),
  );
  const { containerd } = findBinaries(['containerd']);
  const log = join(folder, 'containerd.log');
  return { child: await startDaemon(containerd, ['--config', config], { socket, log }), socket };
}

/** Best effort with a deadline: what an unwell engine leaves, the reaper takes. */
export async function removeContainers(url: string): Promise<void> {
  const abortSignal = AbortSignal.timeout(3_000);
  const gaveUp = new Promise<void>(resolve => abortSignal.addEventListener('abort', () => resolve()));
  const removal = async (): Promise<void> => {
    const engine = engineAt(url);
    const containers = await engine.listContainers({ all: true, abortSignal });
    await Promise.allSettled(
      containers.map(({ Id }) => engine.getContainer(Id).remove({ force: true, v: true, abortSignal })),
    );
  };
  await Promise.race([removal().catch(() => undefined), gaveUp]);
}
