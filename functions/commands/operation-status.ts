import type { OperationStatus } from '../../lib/client/responses.js';
import type { Actor } from '../../lib/domain/actor.js';
import { refreshOperation } from '../../lib/stop/refresh-receipt.js';
import { getOperation } from '../../lib/store/operation.js';
import type { Executor } from './executor.js';

/**
 * The public status of an operation; while it runs in this process, with the receipt of its progress.
 * @throws KillswitchError `forbidden`, `operation_not_found`, `store_unavailable`
 */
export async function operationStatus(
  { core, stop }: Pick<Executor, 'core' | 'stop'>,
  actor: Actor,
  operationId: string,
): Promise<OperationStatus> {
  const operation = await refreshOperation(core, await getOperation(core, actor, operationId));
  const { intent: _, ...status } = operation;
  const progress = status.state === 'running' ? stop.progress(operationId) : undefined;
  return { ...status, ...(progress && { receipt: progress }) };
}
