import { placeOf } from '../../domain/debt.js';
import type { LayerOutcome } from '../../domain/outcome.js';
import type { AgentProcess } from '../../domain/sandbox.js';
import type { Target } from '../../ports/sandbox.js';
import type { Members } from './gather.js';
import type { CgroupState } from './own-cgroup.js';
import { recordedIn } from './recorded.js';
import { countUnread, type HostProcess, type ProcessTable } from './table.js';
import type { TreeKill } from './tree-kill.js';
import { LIMIT, MEND, unreadable } from './words.js';

type Finding = Required<Pick<LayerOutcome, 'outcome' | 'detail'>>;

const NO_ID: Finding = { outcome: 'refused', detail: 'the recorded process is not of the form PID:START' };
const DENIED = `not permitted to signal a process of the agent, which may still run: ${MEND}`;
const STUCK = 'a process in uninterruptible sleep cannot be killed';
const POPULATED = "something in the agent's cgroup does not die";
const UNSEEN = "the agent's cgroup cannot be read any more, so nothing shows that it is empty";
const INSIDE = 'the killswitch itself runs inside this agent: it and its ancestors were left alive';
const NASCENT = 'the recorded process is just starting and shows no environment yet';
const UNREADABLE = `the recorded process may not be read by this user, so nothing shows whether it is the agent; it may still run: ${MEND}`;
const CONCEALED = 'something runs under the recorded PID, and it may still be the agent';
const ELSEWHERE =
  "the recorded process is not of this PID namespace, and no other is seen from here: run the killswitch in the host's (docker run --pid host)";
const MISTRUST = 'the record has no start time, so that its PID alone was not trusted';

/** What a report is made from, besides how the kill of the tree ended. */
export interface Evidence {
  readonly table: Pick<ProcessTable, 'concealed' | 'exists' | 'isElsewhere'>;
  /** The variable that agents carry. */
  readonly variable: string;
  /** How the agent's own cgroups were seen last, if it had any. */
  readonly cgroup?: CgroupState | undefined;
  /** Whether this node saw processes of the agent before. */
  readonly wasSeen: boolean;
  /** Whether an earlier kill took a cgroup of its own with it. */
  readonly wasEnclosed: boolean;
}

/** Puts into words how the kill of a tree ended: what is owed comes before what is refused, and that before success. */
export function report(target: Target, result: TreeKill, evidence: Evidence): LayerOutcome {
  const recorded = recordedIn(target);
  const { cgroup, wasSeen, wasEnclosed } = evidence;
  const { members } = result;
  const found = [leftOver(result), remnant(cgroup), sharing(members), doubt(recorded, members, evidence)];
  if (target.id !== undefined && recorded === undefined) found.push(NO_ID);
  const findings = found.filter(finding => finding !== undefined);
  const isEnclosed = cgroup !== undefined || (wasEnclosed && result.sent === 0);
  const success = result.sent > 0 ? 'dead' : wasSeen || recorded !== undefined ? 'alreadyGone' : 'notFound';
  const outcome = findings[0]?.outcome ?? success;
  const details = [...findings.map(({ detail }) => detail), ...members.bystanders.map(leftAlone)];
  if (recorded !== undefined && recorded.startTime === undefined) details.push(MISTRUST);
  if (outcome === 'notFound') details.push(...unseen(members, evidence));
  else if (findings.length === 0 && !isEnclosed) details.push(LIMIT);
  const detail = details.join('; ');
  return { ...placeOf('process', target.id), outcome, ...(detail && { detail }) };
}

function leftOver({ members: { living, spared }, denied }: TreeKill): Finding | undefined {
  if (living.length > 0 && denied) return { outcome: 'failed', detail: DENIED };
  if (living.length > 0) {
    const count = living.length === 1 ? '1 process does not die' : `${living.length} processes do not die`;
    const isStuck = living.some(({ state }) => state === 'stuck');
    return { outcome: 'pending', detail: isStuck ? `${count}; ${STUCK}` : count };
  }
  return spared.length > 0 ? { outcome: 'failed', detail: INSIDE } : undefined;
}

function remnant(cgroup: CgroupState | undefined): Finding | undefined {
  if (cgroup === undefined || cgroup === 'empty') return undefined;
  return { outcome: 'pending', detail: cgroup === 'populated' ? POPULATED : UNSEEN };
}

function sharing({ shared }: Members): Finding | undefined {
  if (shared.length === 0) return undefined;
  const others = [...new Set(shared.flatMap(one => one.with))].join(', ');
  const pids = shared.map(({ process }) => process.pid).join(', ');
  return { outcome: 'pending', detail: `shared with ${others}, and left alive for it: PID ${pids}` };
}

const leftAlone = ({ pid, command }: HostProcess): string =>
  `left alone because it only inherited the variable: PID ${pid} (${command})`;

/** Speaks up if what the record names may still be alive, and was not the agent's to kill. */
function doubt(
  recorded: AgentProcess | undefined,
  members: Members,
  evidence: Evidence,
): Finding | undefined {
  if (recorded === undefined) return undefined;
  const { pid, startTime } = recorded;
  if (pid <= 1)
    return { outcome: 'refused', detail: `the record names PID ${pid}, which is never an agent's` };
  const now = members.snapshot.get(pid);
  if (now?.startTime === '') return { outcome: 'blind', detail: UNREADABLE };
  if (now === undefined || now.state === 'dead' || (startTime ?? now.startTime) !== now.startTime)
    return absence(recorded, members, evidence);
  if (members.living.includes(now) || members.spared.includes(now)) return undefined;
  return {
    nascent: { outcome: 'pending', detail: NASCENT } as const,
    unreadable: { outcome: 'blind', detail: UNREADABLE } as const,
    read: { outcome: 'refused', detail: unlabelled(evidence.variable) } as const,
  }[now.environment];
}

const unlabelled = (variable: string): string =>
  `the recorded process does not carry the agent's ID in its environment; only one that was started with ${variable} set to it is touched`;

/** Not in the list of processes, or another one by now: still it may run where we cannot see it. */
function absence(
  { pid, startTime }: AgentProcess,
  { snapshot }: Members,
  { table, wasSeen }: Evidence,
): Finding | undefined {
  const concealed = snapshot.get(pid) === undefined ? table.concealed() : undefined;
  if (concealed !== undefined && table.exists(pid))
    return { outcome: 'blind', detail: `${concealed}; ${CONCEALED}: ${MEND}` };
  if (startTime === undefined || wasSeen || !table.isElsewhere({ pid, startTime }, snapshot))
    return undefined;
  return { outcome: 'blind', detail: ELSEWHERE };
}

function unseen({ snapshot }: Members, { table }: Evidence): readonly string[] {
  const unread = countUnread(snapshot);
  const concealed = table.concealed();
  return [...(concealed ? [concealed] : []), ...(unread > 0 ? [unreadable(unread)] : [])];
}
