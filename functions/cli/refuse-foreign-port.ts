import { readFileSync } from 'node:fs';
import { userGivenByRoot } from '../server/own-socket.js';
import { SYSTEM_STATE } from '../server/places.js';

const LISTENING = '0A';

/** The UIDs of the programs that listen on a port of this machine, from proc_net(5); none where it cannot be read. */
function listeners(port: number): readonly number[] {
  return ['tcp', 'tcp6'].flatMap(table => {
    let text: string;
    try {
      text = readFileSync(`/proc/net/${table}`, 'latin1');
    } catch {
      return [];
    }
    const rows = text
      .split('\n')
      .slice(1)
      .map(line => line.trim().split(/\s+/));
    return rows
      .filter(
        ([, local = '', , state]) =>
          state === LISTENING && Number.parseInt(local.split(':')[1] ?? '', 16) === port,
      )
      .map(row => Number(row[7]));
  });
}

/**
 * Any user may listen on the port while no server does, and would receive the credential. So the listener must be this
 * user, root, or the user to whom root gave the state directory of the service.
 * @throws Error in a clear sentence
 */
export function refuseForeignPort(port: string): void {
  const own = process.geteuid?.();
  const foreign = listeners(Number(port)).find(
    uid => uid !== 0 && uid !== own && uid !== userGivenByRoot(SYSTEM_STATE),
  );
  if (foreign === undefined) return;
  throw new Error(
    `Port ${port} cannot be trusted: another user (${foreign}) listens on it. No credential was sent. If that is the server, name it with --url or KILLSWITCH_URL.`,
  );
}
