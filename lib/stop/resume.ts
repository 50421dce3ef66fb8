import type { Command } from '../domain/command.js';
import { isStoreDown, shown } from '../domain/errors.js';
import type { Core } from '../ports/core.js';
import { beginOperation, endOperation } from '../store/operation.js';
import type { Cases } from './in-flight.js';
import { recall } from './recall.js';
import type { Report } from './report.js';
import { stopSelected } from './stop-selected.js';

/**
 * A command that died half-way: takes up those that it had marked killed, then goes on with the rest.
 * @throws KillswitchError `store_unavailable`
 */
export async function carryOn(core: Core, cases: Cases, command: Command, report: Report): Promise<void> {
  const startedAt = core.clock.monotonic();
  await beginOperation(core, command);
  const { known, isLatched } = await recall(core, cases, command, startedAt);
  for (const one of known) report.add(one);
  const progress = { report, startedAt, refused: new Set<string>() };
  try {
    if (command.type === 'kill-all') {
      // Whoever has reset the emergency stop since must not find it engaged again.
      const rest = isLatched ? { ...command, latch: false } : command;
      await stopSelected(core, cases, rest, progress);
    } else if (known.length === 0) {
      await stopSelected(core, cases, command, progress);
    }
    report.close();
  } catch (error) {
    if (isStoreDown(error)) throw error;
    report.close(shown(error));
  }
  await report.finished();
  await endOperation(core, command, report.receipt());
}
