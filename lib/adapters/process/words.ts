/** What lets this user read and signal the processes of others. */
export const MEND = 'give the killswitch CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH and CAP_KILL, or run it as root';

export const unreadable = (count: number): string =>
  `${count} ${count === 1 ? 'process' : 'processes'} on this host may not be read by this user`;

/** What a kill can not see where the agent has no cgroup of its own. */
export const LIMIT =
  'no cgroup of its own is known of the agent: descendants that cleared their environment and left its tree cannot be seen here';

export const UNREAD = 'the process table cannot be read';
