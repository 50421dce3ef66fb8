import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon, stopDaemon } from './daemon.js';
import { removeContainers } from './dockerd.js';
import type { Service } from './service.js';

/** Starts Podman's service with every file, socket and event of its own, on any file system and without systemd. */
export async function startPodman(file: string, folder: string): Promise<Service> {
  const socket = join(folder, 'podman.sock');
  const write = (name: string, lines: readonly string[]): string => {
    const path = join(folder, name);
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  };
  const env = {
    ...process.env,
    CONTAINERS_STORAGE_CONF: write('storage.conf', [
      '[storage]',
      'driver = "vfs"',
      `graphroot = "${join(folder, 'graph')}"`,
      `runroot = "${join(folder, 'run')}"`,
    ]),
    CONTAINERS_CONF: write('containers.conf', [
      '[containers]',
      // Its own defaults are more than some machines allow.
      'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]',
      '[engine]',
      'cgroup_manager = "cgroupfs"',
      'events_logger = "file"',
      `tmp_dir = "${join(folder, 'tmp')}"`,
    ]),
  };
  const url = `unix://${socket}`;
  const child = await startDaemon(file, ['system', 'service', '--time=0', url], {
    socket,
    log: join(folder, 'podman.log'),
    env,
  });
  return {
    url,
    pid: child.pid ?? null,
    async stop() {
      child.kill('SIGCONT');
      await removeContainers(url);
      await stopDaemon(child);
    },
  };
}
