import { AGENT_ID } from '../domain/agent.js';
import type { HostFiles } from '../ports/host-files.js';
import { parseJson } from '../util/parse-json.js';
import type { Root } from './roots.js';

type Members = Readonly<Record<string, unknown>>;

/** What the tool itself wrote down of a main's session. A file that is of an earlier process with this PID is left aside. */
export async function sessionInFiles(
  files: HostFiles,
  { detector, main }: Root,
): Promise<string | undefined> {
  const { home, sessionFiles } = detector ?? {};
  const own = home?.variable === undefined ? undefined : main.environment[home.variable];
  const folder = own ?? (home && `${main.environment['HOME'] ?? ''}/${home.folder}`);
  if (sessionFiles === undefined || folder === undefined || !folder.startsWith('/')) return undefined;
  const { path, members = {} } = sessionFiles;
  const isOfMain = (of: Members): boolean =>
    (members.pid === undefined || of[members.pid] === main.pid) &&
    (members.startTime === undefined || String(of[members.startTime]) === main.startTime);

  const withPid = `${folder}/${path.replaceAll('<pid>', String(main.pid))}`;
  if (!withPid.includes('<session>')) {
    const of = membersIn(await files.text(withPid));
    const session = members.session === undefined ? undefined : of?.[members.session];
    return of && isOfMain(of) && typeof session === 'string' && AGENT_ID.test(session) ? session : undefined;
  }
  const [parent = ''] = withPid.split('<session>', 1);
  for (const session of await files.names(parent)) {
    const text = await files.text(withPid.replaceAll('<session>', session));
    const isIts = text !== undefined && (members.pid === undefined || isOfMain(membersIn(text) ?? {}));
    if (isIts && AGENT_ID.test(session)) return session;
  }
  return undefined;
}

function membersIn(text: string | undefined): Members | undefined {
  const value = text === undefined ? undefined : parseJson(text);
  return typeof value === 'object' && value !== null ? { ...value } : undefined;
}
