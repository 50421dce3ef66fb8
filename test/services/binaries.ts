import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What tests need, the Debian package that brings it, and the names under which it may be installed. */
const NEEDS = {
  dockerd: { package: 'docker.io', names: ['dockerd'] },
  containerd: { package: 'docker.io', names: ['containerd'] },
  podman: { package: 'podman', names: ['podman'] },
  redis: { package: 'redis-server', names: ['redis-server', 'valkey-server'] },
  busybox: { package: 'busybox-static', names: ['busybox'] },
  git: { package: 'git', names: ['git'] },
  promtool: { package: 'prometheus', names: ['promtool'] },
  ip: { package: 'iproute2', names: ['ip'] },
  tmux: { package: 'tmux', names: ['tmux'] },
  bindfs: { package: 'bindfs', names: ['bindfs'] },
  setpriv: { package: 'util-linux', names: ['setpriv'] },
  systemd: { package: 'systemd', names: ['systemd-analyze'] },
  curl: { package: 'curl', names: ['curl'] },
  alertmanager: { package: 'prometheus-alertmanager', names: ['prometheus-alertmanager', 'alertmanager'] },
} as const;

export type Need = keyof typeof NEEDS;

/** Paths of the programs that are needed; installs what is missing where it may, and else says what is. */
export function findBinaries(needs: readonly Need[]): Record<Need, string> {
  const missing = needs.filter(need => locate(need) === undefined);
  if (missing.length > 0) install([...new Set(missing.map(need => NEEDS[need].package))]);
  const still = needs.filter(need => locate(need) === undefined);
  if (still.length > 0) {
    const packages = [...new Set(still.map(need => NEEDS[need].package))].join(' ');
    throw new Error(
      `The tests need ${still.join(', ')}: install ${packages}, or name running services in DOCKER_HOST and KILLSWITCH_TEST_REDIS.`,
    );
  }
  return Object.fromEntries((Object.keys(NEEDS) as Need[]).map(need => [need, locate(need) ?? ''])) as Record<
    Need,
    string
  >;
}

function locate(need: Need): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return NEEDS[need].names
    .flatMap(name => directories.map(directory => join(directory, name)))
    .find(path => isExecutable(path) && (need !== 'busybox' || isStatic(path)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The image holds nothing else, so its busybox must not ask for a dynamic loader. */
function isStatic(path: string): boolean {
  return !/\/ld-(linux|musl)[\w.-]*\.so/.test(readFileSync(path, 'latin1').slice(0, 8192));
}

function install(packages: readonly string[]): void {
  if (process.getuid?.() !== 0) return;
  const apt = (...args: string[]): void => {
    // Out of its runlevel, a fresh package does not start a service that nobody would stop.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...args], { env, stdio: 'ignore' });
  };
  apt('update');
  apt('install', '-y', '--no-install-recommends', ...packages);
}
