import { ClientError, type LatchStatus } from '../../../lib/client/client.js';
import { KillswitchError } from '../../../lib/domain/errors.js';
import { describeLatch } from '../../../lib/domain/wording.js';
import type { Registry } from './registry.js';

export const codeOf = (error: unknown): string | undefined =>
  error instanceof ClientError || error instanceof KillswitchError ? error.code : undefined;

export const sentenceOf = (error: unknown): string =>
  error instanceof Error ? error.message.replace(/\.$/, '') : 'it failed';

const withoutOthers = (status: LatchStatus | undefined): string =>
  status?.engaged ? describeLatch(status).join('; ') : 'The emergency stop is engaged for this agent';

/** Why an agent may not run, with what to do about it, as an error. */
export async function refusalOf(error: unknown, agentId: string, registry: Registry): Promise<Error> {
  const fail = (why: string): Error => new Error(`${agentId} was not started: ${why}`, { cause: error });
  const local = registry.store === undefined ? '' : ' --local';
  switch (codeOf(error)) {
    case 'latched': {
      const status = await registry.latch().catch(() => undefined);
      return fail(
        `${withoutOthers(status)}. Once it is safe: killswitch latch reset${local} --reason "why it is safe"`,
      );
    }
    case 'tombstoned':
      return fail('an agent with this ID was killed, and stays dead. Give the work another --id');
    case 'agent_exists':
      return fail('an agent with this ID is registered already. Give this one another --id');
    case 'unreachable':
      return fail(
        `${sentenceOf(error)}, so the emergency stop cannot be asked. Start it, or use --local to ask the store of this host`,
      );
    case 'unauthenticated':
      return fail(
        `${sentenceOf(error)}: set KILLSWITCH_TOKEN, or KILLSWITCH_SECRET to the value that the server uses`,
      );
    default:
      return fail(sentenceOf(error));
  }
}
