import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';

export interface SshAddress {
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
}

/** Arguments for the `ssh` program. After `--` no host name can pass for an option. */
export function sshArguments({ host, port, user }: SshAddress): string[] {
  return [
    ...['-T', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=5'],
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(user === undefined ? [] : ['-l', user]),
    ...['--', host, 'docker', 'system', 'dial-stdio'],
  ];
}

/**
 * A connection to the engine of another host, as the Docker CLI makes it: through the `ssh` program, so that the
 * known hosts, keys and settings of the user apply.
 */
export function connectSsh(address: SshAddress): Duplex {
  const child = spawn('ssh', sshArguments(address), { stdio: ['pipe', 'pipe', 'ignore'] });
  const connection = Duplex.from({ writable: child.stdin, readable: child.stdout });
  child.once('error', error => connection.destroy(error));
  connection.once('close', () => child.kill());
  return connection;
}
