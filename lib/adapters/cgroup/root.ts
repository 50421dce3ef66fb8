/**
 * What the root file system of a container is known by, from the text of /proc/PID/mountinfo of a process in it:
 * the device, the directory on it, and of an overlay the directory that holds its changes, which no other has. Undefined
 * where engine's files for this very container are not mounted there, as they are by Docker and Podman: a process that
 * is in the container's cgroup may have gone over to the host's file systems.
 */
export function rootOf(mountinfo: string, id: string): string | undefined {
  const isItsOwn = mountinfo
    .split('\n')
    .map(line => line.split(' '))
    .some(([, , , root = '', point = '']) => FILES.has(point) && root.split('/').includes(id));
  return isItsOwn ? identityOf(mountinfo) : undefined;
}

/** The files that an engine writes for each container, and lends to those that share its network. */
const FILES: ReadonlySet<string> = new Set(['/etc/hostname', '/etc/hosts', '/etc/resolv.conf']);

/** The same of whatever process; it does not change with a mount namespace of one's own. */
export function identityOf(mountinfo: string): string | undefined {
  for (const line of mountinfo.split('\n')) {
    const [mount = '', filesystem = ''] = line.split(' - ');
    const [, , device, root, point] = mount.split(' ');
    if (point !== '/') continue;
    const [changes = ''] = /\bupperdir=[^,\s]+/.exec(filesystem) ?? [];
    return [device, root, changes].join(' ');
  }
  return undefined;
}
