import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The inode of the socket on this side of a connection from a local port, by proc_pid_net(5). */
function inodeOf(localPort: number): string | undefined {
  const port = `:${localPort.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const fields = readFileSync(file, 'utf8')
      .split('\n')
      .map(line => line.trim().split(/\s+/))
      .find(([, local]) => local?.endsWith(port));
    if (fields) return fields[9];
  }
  return undefined;
}

const linksOf = (pid: number): string[] => {
  try {
    return readdirSync(`/proc/${pid}/fd`).map(fd => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return '';
      }
    });
  } catch {
    return [];
  }
};

/** Which of these processes has the connection from a local port, as long as it is open. */
export function ownerOf(localPort: number, pids: readonly number[]): number | undefined {
  const inode = inodeOf(localPort);
  return pids.find(pid => linksOf(pid).includes(`socket:[${inode}]`));
}
