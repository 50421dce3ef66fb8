import type { z } from 'zod';
import type { Commands } from '../../lib/client/commands.js';
import type { Config } from '../../lib/config/config.js';
import { type Actor, scopes } from '../../lib/domain/actor.js';
import type { KillswitchError } from '../../lib/domain/errors.js';
import type { Log } from '../../lib/ports/runtime.js';
import { checkedBody } from '../commands/checked-body.js';
import { commandsIn } from '../commands/in-process.js';
import type { Node } from '../node.js';
import { announceStore } from './announce-store.js';
import { userName } from './credential.js';
import { UsageError, warn } from './output.js';

/** Milliseconds. The work ends with this process, so a command waits until all of it is done. */
const TO_THE_END = 600_000;

/** Warnings and errors on standard error, because standard output is for the answer. */
export const log: Log = {
  info: () => undefined,
  warn: (entry, msg) => warn(JSON.stringify({ level: 'warn', ...entry, msg })),
  error: (entry, msg) => {
    const { err } = entry as { err?: unknown };
    const because = err instanceof Error ? { err: err.message } : {};
    warn(JSON.stringify({ level: 'error', ...entry, ...because, msg }));
  },
};

/** Who a command without a server acts for. */
export const localActor = (): Actor => ({
  kind: 'local',
  subject: `local:${userName()}`,
  scopes: new Set(scopes),
  within: {},
  source: 'local',
});

/** Works with the core in this process. A user who can open the state directory and the engine needs no credential. */
export async function withNode<T>(
  work: (node: Node, actor: Actor, config: Config) => Promise<T>,
): Promise<T> {
  const [{ environment, openNode }, { readConfig }] = await Promise.all([
    import('../node.js'),
    import('../server/read-environment.js'),
  ]);
  const config = readConfig(environment(), { dev: true });
  const node = await openNode(config, log, { storeless: true });
  const warnIfEmpty = announceStore(config, node.core.audit);
  try {
    return await work(node, localActor(), config);
  } finally {
    await warnIfEmpty();
    await node.close();
    // A connection that was left open must not keep the process alive.
    setTimeout(() => process.exit(), 1_000).unref();
  }
}

function checked<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  try {
    return checkedBody(schema, body);
  } catch (error) {
    throw new UsageError(`${(error as KillswitchError).message}.`, { cause: error });
  }
}

/** The commands, carried out by this process on this host. */
export const localCommands = ({ core, stop }: Pick<Node, 'core' | 'stop'>, actor: Actor): Commands =>
  commandsIn({ core, stop, newId: core.newId, answerWithinMs: TO_THE_END, checked }, { actor });
