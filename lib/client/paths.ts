import { AGENT_ID } from '../domain/agent.js';
import { ClientError } from './error.js';

/** Checked before it becomes a path: `a/kill` or `..` would be another request. @throws ClientError */
export function checkedId(agentId: string): string {
  if (AGENT_ID.test(agentId)) return agentId;
  const detail = `An agent ID matches ${AGENT_ID.source}`;
  throw new ClientError('invalid_agent_id', { title: 'The agent ID is not valid', detail });
}

export const agentPath = (agentId: string): string => `/agents/${encodeURIComponent(checkedId(agentId))}`;

export const operationPath = (operationId: string): string =>
  `/operations/${encodeURIComponent(operationId)}`;

interface Labelled {
  readonly labels?: Readonly<Record<string, string>>;
}

/** The path with its query, without `undefined` members; a label is `label=name=value`. */
export function searchPath(path: string, query: object = {}): string {
  const { labels = {}, ...rest }: Labelled = query;
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(rest)) {
    if (value !== undefined) search.set(name, String(value));
  }
  for (const [name, value] of Object.entries(labels)) search.append('label', `${name}=${value}`);
  return search.size > 0 ? `${path}?${search}` : path;
}
