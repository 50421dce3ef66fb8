import type { CommandsFor } from '../../lib/client/commands.js';
import { commandsOver } from '../../lib/client/commands-over.js';
import { utf8 } from '../../lib/util/crypto.js';
import type { Forward } from './forward.js';

/** The commands, carried out at every origin; what they answer is merged. */
export const edgeCommands =
  (forward: Forward, newId: () => string): CommandsFor =>
  actor =>
    commandsOver(({ method, path, body, key }) => {
      const headers = {
        ...(body && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
      };
      const bytes = body ? utf8(JSON.stringify(body)) : new Uint8Array();
      return forward(actor, { method, path, body: bytes, headers }, newId());
    });
