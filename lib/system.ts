import { type Actor, scopes } from './command.js';

/** The killswitch itself, where it acts on what it sees: nobody else has asked. */
export const itself: Actor = { kind: 'local', subject: 'killswitch', scopes: new Set(scopes), within: {} };
