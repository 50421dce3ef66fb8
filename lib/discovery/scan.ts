import type { Containers } from '../ports/containers.js';
import type { HostFiles } from '../ports/host-files.js';
import type { ProcessInfo, ProcessTable } from '../ports/process-table.js';
import { withTimeout } from '../util/with-timeout.js';
import { checkoutOf } from './checkout.js';
import { detectors } from './detectors/index.js';
import type { Finding } from './finding.js';
import { type Pinned, viewOf } from './host-view.js';
import { kinshipOf } from './kinship.js';
import { variablesOf } from './marks.js';
import { match } from './match.js';
import { membersOf } from './members.js';
import type { Root } from './roots.js';
import { sessionInFiles } from './session-files.js';

/** What a scan looks at. */
export interface ScanSources {
  readonly table: ProcessTable;
  readonly files: HostFiles;
  readonly containers: readonly Containers[];
  /** The variable and the label that hold an agent's ID. */
  readonly agentVariable: string;
  readonly agentLabel: string;
}

/** What runs here that looks like an agent, and what could not be looked at. */
export interface HostScan {
  readonly findings: readonly Finding[];
  /** How many processes of this host this user may not read: agents among them are not found. */
  readonly unread: number;
  /** What else kept it from seeing all, in words that may be shown. */
  readonly blind: readonly string[];
}

/** For what is on a disk, in milliseconds: it may hang. */
const FILES_MS = 1_000;

/** A scan, and what the same look knows beyond it. */
export interface HostLook {
  readonly scan: HostScan;
  /** The processes of a finding that are its alone. */
  membersOf(finding: Finding): readonly Pinned[];
  /**
   * It runs in a container, and which one is not known, because no engine told: it may be an agent's already. Or its
   * wrapper has only begun to start it, and is not what it will be known by.
   */
  isUncertain(finding: Finding): boolean;
}

/** Looks at this host once. Starts nothing, changes nothing. @throws Error when the processes cannot be looked at */
export const scanHost = async (sources: ScanSources): Promise<HostScan> => (await lookAtHost(sources)).scan;

/** As a cgroup of a container ends. */
const CONTAINER = /[0-9a-f]{64}/;

/** The same, with what else it showed. @throws Error when the processes cannot be looked at */
export async function lookAtHost({
  table,
  files,
  containers,
  agentVariable,
  agentLabel,
}: ScanSources): Promise<HostLook> {
  const [listing, ...engines] = await Promise.all([
    table.list(variablesOf(detectors, agentVariable)),
    ...containers.map(engine => engine.running().catch((error: unknown) => error)),
  ]);
  const view = viewOf(listing, detectors, agentVariable);
  const kinship = kinshipOf(view);
  const sessions = new Map<Root, string>();
  await Promise.all(
    kinship.roots.map(async root => {
      const session = await inTime(sessionInFiles(files, root));
      if (session !== undefined) sessions.set(root, session);
    }),
  );
  const found = match(
    view,
    {
      containers: engines.flatMap(answer => (Array.isArray(answer) ? answer : [])),
      agentLabel,
      sessionOf: root => sessions.get(root),
    },
    kinship,
  );
  const findings = await Promise.all(
    found.map(async finding => {
      const { workingDirectory } = finding;
      if (workingDirectory === undefined) return finding;
      return { ...finding, ...(await inTime(checkoutOf(files, workingDirectory))) };
    }),
  );
  const scan: HostScan = {
    findings,
    unread: listing.unread,
    blind: [
      ...(listing.hidden === undefined ? [] : [listing.hidden]),
      ...engines.flatMap(answer =>
        answer instanceof Error ? [`containers are not seen: ${answer.message}`] : [],
      ),
    ],
  };
  const mainOf = ({ pid }: Finding): ProcessInfo | undefined =>
    pid === undefined ? undefined : view.get(pid);
  const isBlind = engines.some(answer => answer instanceof Error);
  return {
    scan,
    membersOf(finding) {
      const main = mainOf(finding);
      const members = main ? membersOf(view, main, kinship).members : [];
      return members.flatMap(({ process: { pid, startTime }, sharedWith }) =>
        sharedWith === undefined ? [{ pid, startTime }] : [],
      );
    },
    isUncertain(finding) {
      const main = mainOf(finding);
      if (main === undefined) return false;
      return (isBlind && CONTAINER.test(main.cgroup ?? '')) || view.toolOf(main)?.as === 'wrapper';
    },
  };
}

const inTime = <T>(work: Promise<T>): Promise<T | undefined> => withTimeout(work, FILES_MS, () => undefined);
