/**
 * Reads small files that others wrote, such as what a tool notes of its sessions. Follows no link at the end of a path,
 * and never waits for a pipe or a device. What cannot be read is as if it were not there.
 */
export interface HostFiles {
  /** Of a regular file that is no larger than 64 KiB. */
  text(path: string): Promise<string | undefined>;
  /** Names in a directory, at most 1,000. */
  names(path: string): Promise<readonly string[]>;
}
