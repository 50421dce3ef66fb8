import { type AgentProcess, processOf } from '../../domain/sandbox.js';
import type { Target } from '../../ports/sandbox.js';

/** The process that the record names, which need not be the agent's. */
export const recordedIn = ({ id }: Target): AgentProcess | undefined =>
  id === undefined ? undefined : processOf(id);
