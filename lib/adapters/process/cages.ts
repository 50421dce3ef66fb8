import type { Enclosure } from '../../ports/enclosure.js';
import type { CgroupState, OwnCgroups } from './own-cgroup.js';
import { type HostProcess, labelOf, type ProcessTable } from './table.js';

/** Everything that keeps an agent's processes together: the cgroups that they founded, and the one that we made. */
export type Cages = OwnCgroups;

const NO_OTHER = {
  isKnown: () => false,
  take: () => false,
  kill: () => false,
  members: (): readonly number[] => [],
  held: (): readonly number[] => [],
  empty: async (): Promise<CgroupState> => 'empty',
  freeze: async () => true,
  thaw: async () => true,
  isFrozen: () => true,
  release: () => undefined,
};

/** Whether no process in it carries the ID of another agent alone: such a one has been moved there by a stranger. */
export function isOwn(
  { members }: Enclosure,
  agentId: string,
  see: (pid: number) => HostProcess | undefined,
): boolean {
  const label = labelOf(agentId);
  return members().every(pid => {
    const labels = see(pid)?.labels ?? [];
    return labels.length === 0 || labels.includes(label);
  });
}

/** @param find looks the agent's enclosure up again at each use: it may be made or removed meanwhile */
export function createCages(
  agentId: string,
  own: OwnCgroups | undefined,
  { find, table }: { readonly find: () => Enclosure | undefined; readonly table: Pick<ProcessTable, 'see'> },
): Cages {
  const founded = own ?? NO_OTHER;
  let last: Enclosure | undefined;
  const enclosure = (): Enclosure | undefined => {
    const found = find();
    if (found === undefined || !isOwn(found, agentId, table.see)) return undefined;
    last = found;
    return found;
  };
  const all = (): readonly { isFrozen: () => boolean }[] => {
    const made = enclosure();
    return [...(founded.isKnown() ? [founded] : []), ...(made ? [made] : [])];
  };

  return {
    isKnown: () => founded.isKnown() || (enclosure()?.members().length ?? 0) > 0 || last !== undefined,
    take: carriers => founded.take(carriers),
    kill() {
      const killed = founded.kill();
      const made = enclosure();
      return (made !== undefined && !made.isEmpty() && made.kill()) || killed;
    },
    members: () => [...new Set([...founded.members(), ...(enclosure()?.members() ?? [])])],
    async empty(deadline) {
      const state = await founded.empty(deadline);
      if (state !== 'empty') return state;
      for (
        let made = enclosure();
        made !== undefined && !made.isEmpty() && !deadline.aborted;
        made = enclosure()
      ) {
        made.kill();
        await new Promise(resolve => setTimeout(resolve, 2));
      }
      return (last?.isEmpty() ?? true) ? 'empty' : 'populated';
    },
    async freeze(deadline) {
      const frozen = await Promise.all([founded.freeze(deadline), enclosure()?.freeze(deadline) ?? true]);
      return frozen.every(Boolean);
    },
    async thaw(deadline) {
      const thawed = await Promise.all([founded.thaw(deadline), enclosure()?.thaw(deadline) ?? true]);
      return thawed.every(Boolean);
    },
    held: () => [...new Set([...founded.held(), ...(enclosure()?.members() ?? [])])],
    isFrozen() {
      const cages = all();
      return cages.length > 0 && cages.every(cage => cage.isFrozen());
    },
    release() {
      founded.release();
      if (last?.isEmpty()) last.remove();
    },
  };
}
