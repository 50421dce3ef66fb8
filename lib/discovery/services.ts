import type { ProcessInfo } from '../ports/process-table.js';

/**
 * Programs that serve the whole host, by the name of their executable file. One that was started from an agent's shell
 * carries the agent's marks, and others may depend on it all the same.
 */
const SERVICES: ReadonlySet<string> = new Set([
  ...['dockerd', 'containerd', 'buildkitd', 'crio', 'podman', 'lxd', 'incusd', 'libvirtd', 'kubelet', 'k3s'],
  ...['postgres', 'mysqld', 'mariadbd', 'mongod', 'redis-server', 'valkey-server', 'memcached', 'etcd'],
  ...['clickhouse-server', 'clickhouse', 'cockroach', 'influxd', 'dbus-daemon', 'cron', 'crond'],
]);
/** What an engine puts above each container: all in the container descends from it. */
const KEEPER = /\/(containerd-shim[^/]*|conmon)$/;

/** Whether it serves others than the agent that may have started it: an engine, a database. */
export const isService = ({ executable = '' }: Pick<ProcessInfo, 'executable'>): boolean =>
  SERVICES.has(executable.replace(/^.*\//, ''));

/** Whether it holds a container for an engine. */
export const isKeeper = ({ executable = '' }: Pick<ProcessInfo, 'executable'>): boolean =>
  KEEPER.test(executable);
