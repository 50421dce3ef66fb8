import type { CommandsFor } from '../../lib/client/commands.js';
import { commandsOver } from '../../lib/client/commands-over.js';
import type { Actor } from '../../lib/domain/actor.js';
import type { ApiRequest, ApiResponse } from '../../lib/triggers/api-request.js';

/** Commands behind which is only this: it takes each as the request of the HTTP contract, and answers it. */
export const fakeCommandsFor =
  (answer: (actor: Actor, request: ApiRequest) => Promise<ApiResponse>): CommandsFor =>
  actor =>
    commandsOver(request => answer(actor, request));
