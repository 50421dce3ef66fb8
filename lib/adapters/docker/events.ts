import * as z from 'zod';
import { parseJson } from '../../util/parse-json.js';
import type { Api } from './api.js';
import { type ContainerId, toContainerId } from './container-id.js';

/** An event of a container that carries the label. */
export interface EngineEvent {
  /** `create`, `start`, `restart`, `pause`, `unpause`, `die`, `destroy` or `update`. */
  readonly action: string;
  readonly id: ContainerId;
  readonly agentId: string;
  /** Epoch milliseconds by the engine's clock. */
  readonly at: number;
}

export interface EventStreamOptions {
  readonly label: string;
  /** Epoch milliseconds: events from then on are included, as far as the engine remembers them. */
  readonly since: number;
  /** Milliseconds within which the engine has to begin its answer. */
  readonly deadlineMs: number;
  /** Ends the stream. */
  readonly signal: AbortSignal;
}

/** Podman's names for what Docker calls otherwise. */
const DOCKERS_NAME: Readonly<Record<string, string>> = { died: 'die', remove: 'destroy' };
// Not `exec_create` and the like: a health check makes two of them every few seconds.
const ACTIONS = [
  ...['create', 'start', 'restart', 'pause', 'unpause', 'die', 'destroy', 'update'],
  ...Object.keys(DOCKERS_NAME),
];

const message = z.object({
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()) }),
  timeNano: z.number(),
});

/**
 * Opens the engine's stream of events. It throws when it breaks off.
 * Source: https://docs.docker.com/reference/api/engine/version/v1.41/#tag/System/operation/SystemEvents
 */
export async function openEvents(
  api: Pick<Api, 'getEvents'>,
  { label, since, deadlineMs, signal }: EventStreamOptions,
): Promise<AsyncIterable<EngineEvent>> {
  const begun = new AbortController();
  const timer = setTimeout(
    () => begun.abort(new DOMException('No answer in time', 'TimeoutError')),
    deadlineMs,
  );
  try {
    const chunks = await api.getEvents({
      since: (since / 1000).toFixed(3),
      // Not by the label: with a filter that has only the key, Podman sends nothing at all.
      filters: { type: ['container'], event: ACTIONS },
      abortSignal: AbortSignal.any([signal, begun.signal]),
    });
    return read(chunks, label);
  } finally {
    clearTimeout(timer);
  }
}

/** One JSON object a line. */
async function* read(chunks: AsyncIterable<string>, label: string): AsyncGenerator<EngineEvent> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = parse(line, label);
      if (event) yield event;
    }
  }
}

/** What cannot be read is skipped: the next list corrects the map. */
function parse(line: string, label: string): EngineEvent | undefined {
  const { data } = message.safeParse(parseJson(line));
  const id = toContainerId(data?.Actor.ID ?? '');
  const agentId = data?.Actor.Attributes[label];
  if (data === undefined || id === undefined || agentId === undefined) return undefined;
  const action = DOCKERS_NAME[data.Action] ?? data.Action;
  return { action, id, agentId, at: Math.floor(data.timeNano / 1e6) };
}
