import type { AgentProcess } from '../../agent.js';
import type { LayerOutcome } from '../../outcome.js';
import type { Target } from '../../ports.js';
import type { Pack } from './gather.js';
import type { Catch } from './hunt.js';
import type { CgroupState } from './own-cgroup.js';

type Finding = Required<Pick<LayerOutcome, 'outcome' | 'detail'>>;

const DENIED = 'not permitted to signal a process of the agent';
const STUCK = 'a process in uninterruptible sleep cannot be killed';
const POPULATED = "something in the agent's cgroup does not die";
const UNSEEN = "the agent's cgroup cannot be read any more, so nothing shows that it is empty";
const INSIDE = 'the killswitch itself runs inside this agent: it and its ancestors were left alive';
const NASCENT = 'the recorded process is amid its start and shows no environment yet';
const UNREADABLE =
  'the environment of the recorded process cannot be read, so nothing shows that it is the agent';
const UNLABELLED = "the recorded process does not carry the agent's ID in its environment";
const MISTRUST = 'the record has no start time, so that its PID alone was not trusted';

/**
 * Puts into words how a hunt ended: what is owed comes before what is refused, and that before success.
 * @param cgroup how it was seen last, if the agent had one of its own
 */
export function report(
  { process: recorded }: Target,
  caught: Catch,
  cgroup: CgroupState = 'empty',
): LayerOutcome {
  const found = [leftOver(caught), remnant(cgroup), refusal(recorded, caught.pack)];
  const findings = found.filter(finding => finding !== undefined);
  const outcome = findings[0]?.outcome ?? (caught.sent > 0 ? 'dead' : 'alreadyGone');
  const mistrusted = recorded !== undefined && recorded.startTime === undefined;
  const details = [...findings.map(({ detail }) => detail), ...(mistrusted ? [MISTRUST] : [])];
  const detail = details.join('; ');
  return { layer: 'process', outcome, ...(detail && { detail }) };
}

function leftOver({ pack: { living, spared }, denied }: Catch): Finding | undefined {
  if (living.length > 0 && denied) return { outcome: 'failed', detail: DENIED };
  if (living.length > 0) {
    const count = living.length === 1 ? '1 process does not die' : `${living.length} processes do not die`;
    const isStuck = living.some(({ state }) => state === 'stuck');
    return { outcome: 'pending', detail: isStuck ? `${count}; ${STUCK}` : count };
  }
  return spared.length > 0 ? { outcome: 'failed', detail: INSIDE } : undefined;
}

function remnant(cgroup: CgroupState): Finding | undefined {
  if (cgroup === 'empty') return undefined;
  return { outcome: 'pending', detail: cgroup === 'populated' ? POPULATED : UNSEEN };
}

/** Speaks up if what the record names is alive, is the same one, and was not the agent's to kill. */
function refusal(recorded: AgentProcess | undefined, pack: Pack): Finding | undefined {
  if (recorded === undefined) return undefined;
  const { pid, startTime } = recorded;
  if (pid <= 1)
    return { outcome: 'refused', detail: `the record names PID ${pid}, which is never an agent's` };
  const now = pack.snapshot.get(pid);
  if (now === undefined || now.state === 'dead') return undefined;
  if (startTime !== undefined && startTime !== now.startTime) return undefined;
  if (pack.living.includes(now) || pack.spared.includes(now)) return undefined;
  return {
    nascent: { outcome: 'pending', detail: NASCENT } as const,
    unreadable: { outcome: 'refused', detail: UNREADABLE } as const,
    read: { outcome: 'refused', detail: UNLABELLED } as const,
  }[now.environment];
}
