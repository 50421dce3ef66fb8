import type { Containers } from '../ports/containers.js';
import type { HostFiles } from '../ports/host-files.js';
import type { ProcessTable } from '../ports/process-table.js';
import { withTimeout } from '../util/with-timeout.js';
import { checkoutOf } from './checkout.js';
import { detectors } from './detectors/index.js';
import type { Finding } from './finding.js';
import { viewOf } from './host-view.js';
import { kinshipOf } from './kinship.js';
import { variablesOf } from './marks.js';
import { match } from './match.js';
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

/** Looks at this host once. Starts nothing, changes nothing. @throws Error when the processes cannot be looked at */
export async function scanHost({
  table,
  files,
  containers,
  agentVariable,
  agentLabel,
}: ScanSources): Promise<HostScan> {
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
  return {
    findings,
    unread: listing.unread,
    blind: [
      ...(listing.hidden === undefined ? [] : [listing.hidden]),
      ...engines.flatMap(answer =>
        answer instanceof Error ? [`containers are not seen: ${answer.message}`] : [],
      ),
    ],
  };
}

const inTime = <T>(work: Promise<T>): Promise<T | undefined> => withTimeout(work, FILES_MS, () => undefined);
