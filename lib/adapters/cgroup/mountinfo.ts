import { sep } from 'node:path';

/** One mounted hierarchy of cgroups. */
export interface CgroupMount {
  readonly version: 1 | 2;
  /** Of version 1: names of its controllers, `name=systemd` among them; of version 2 none. */
  readonly controllers: readonly string[];
  /** The cgroup that is seen at the mount point: `/`, unless it is mounted in a container. */
  readonly root: string;
  readonly point: string;
}

/**
 * The hierarchies mounted at or below `root`, from the text of /proc/PID/mountinfo (proc_pid_mountinfo(5)): version 2
 * first, then the freezer, then the others as they stand there.
 */
export function parseMountinfo(text: string, root: string): readonly CgroupMount[] {
  const mounts = text.split('\n').flatMap(line => parseLine(line) ?? []);
  return mounts
    .filter(({ point }) => point === root || point.startsWith(root.endsWith(sep) ? root : root + sep))
    .sort((one, other) => rankOf(one) - rankOf(other));
}

function parseLine(line: string): CgroupMount | undefined {
  const [mount = '', filesystem] = line.split(' - ');
  const [, , , root, point] = mount.split(' ');
  const [type, , options = ''] = filesystem?.split(' ') ?? [];
  if (!root || !point || (type !== 'cgroup' && type !== 'cgroup2')) return undefined;
  const version = type === 'cgroup2' ? 2 : 1;
  const controllers = version === 2 ? [] : options.split(',');
  return { version, controllers, root: unescapeOctal(root), point: unescapeOctal(point) };
}

const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

function rankOf({ version, controllers }: CgroupMount): number {
  if (version === 2) return 0;
  return controllers.includes('freezer') ? 1 : 2;
}
