import { type Kind, kindOfProgram, stem, surroundingNames } from '../../domain/surroundings.js';
import type { HostProcess, Program } from './table.js';

export type { Kind } from '../../domain/surroundings.js';

/** The kernel cuts the name of a command there (proc_pid_comm(5)). */
const COMMAND_LENGTH = 15;
const commands: ReadonlySet<string> = new Set(surroundingNames.map(name => name.slice(0, COMMAND_LENGTH)));

/**
 * Tells which of the programs that surround agents a process runs, if any.
 * @param programOf is asked of few: only where the name of the command, which any process may change, is one of those
 */
export function kindOf(
  process: HostProcess,
  programOf: (process: HostProcess) => Program | undefined,
): Kind | undefined {
  // `tmux: server` and `tmux: client`.
  const [command = ''] = process.command?.split(': ') ?? [];
  if (!commands.has(command) && !commands.has(stem(command))) return undefined;
  const program = programOf(process);
  return program && kindOfProgram({ ...program, isLeader: process.session === process.pid });
}
