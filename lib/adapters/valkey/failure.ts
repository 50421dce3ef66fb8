import { KillswitchError } from '../../domain/errors.js';

/** The server's errors in words, by the first word of the reply (Redis: "RESP protocol, simple errors"). */
const REPLIES: Readonly<Record<string, string>> = {
  READONLY: 'The store is a read-only replica',
  OOM: 'The store is out of memory',
  LOADING: 'The store is loading its data',
  MASTERDOWN: 'The store is a replica that lost its master',
  NOAUTH: 'The store refuses the credentials',
  WRONGPASS: 'The store refuses the credentials',
  NOPERM: 'The store does not permit this to our user',
  MISCONF: 'The store cannot write to its disk',
  NOREPLICAS: 'The store has too few replicas to write',
  MOVED: 'The store is a cluster, and its URL does not say so',
  CROSSSLOT: 'The store is a cluster, and its URL does not say so',
  CLUSTERDOWN: 'The cluster of the store is down',
  BUSY: 'The store is busy with a script',
  WRONGTYPE: 'A key of the killswitch holds another type',
};

const TIMEOUT = /timed out|timeout|ETIMEDOUT|within the deadline/i;
const REFUSED = /^[A-Z]{2,} /;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Why the store failed, in words without host, password or driver message. */
export function wordsFor(error: unknown): string {
  const message = messageOf(error);
  const known = REPLIES[message.split(' ', 1)[0] ?? ''];
  if (known !== undefined) return known;
  if (TIMEOUT.test(message)) return 'The store does not answer in time';
  return REFUSED.test(message) ? 'The store refused the call' : 'The store cannot be reached';
}

/** Copies the cause, because the driver's error contains the arguments: records, or a password. */
export function storeUnavailable(error: unknown): KillswitchError {
  const cause = new Error(messageOf(error).split(', with args', 1)[0]);
  return new KillswitchError('store_unavailable', wordsFor(error), { cause });
}
