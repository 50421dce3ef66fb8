import { type Command, InvalidArgumentError, Option } from 'commander';
import { AGENT_ID } from '../../lib/domain/agent.js';
import { LAST_SECOND } from '../../lib/util/dates.js';
import { parseDuration } from '../../lib/util/duration.js';

/** The options of every command that asks a server. */
export interface ServerOptions {
  readonly url?: string;
  readonly socket?: string;
  readonly json?: true;
}

export const withServerOptions = (command: Command): Command =>
  command
    .option('--url <url>', 'the server (default: KILLSWITCH_URL, or its socket, or HOST and PORT)', httpUrl)
    .addOption(new Option('--socket <path>', 'the unix socket of the server').conflicts('url'))
    .option('--json', 'print JSON');

export const sharedOption = (): Option =>
  new Option('--shared', 'stop processes too that agents which are not stopped need as well');

export function httpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError('It must be an http:// or https:// URL.');
}

export function agentId(text: string): string {
  if (AGENT_ID.test(text)) return text;
  throw new InvalidArgumentError(`It must match ${AGENT_ID.source}.`);
}

export const agentIds = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  agentId(text),
];

export type Labels = Readonly<Record<string, string>>;

export function label(text: string, before: Labels = {}): Labels {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must be name=value.');
  return { ...before, [name]: value };
}

export function graceSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && seconds >= 0 && seconds <= 300) return seconds;
  throw new InvalidArgumentError('It must be a number of seconds from 0 to 300.');
}

export function containerId(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be the full container ID, 64 hexadecimal digits.');
}

export function count(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

/** A duration or `0`, in milliseconds. */
export const age = (text: string): number => (/^0[smhd]?$/.test(text) ? 0 : duration(text) * 1_000);

/** `45s`, `30m`, `12h`, `7d`, in seconds. */
export function duration(text: string): number {
  const ms = text.startsWith('0') ? undefined : parseDuration(text);
  if (ms !== undefined) return ms / 1_000;
  throw new InvalidArgumentError('It must be a duration such as 45s, 30m, 12h or 7d.');
}

/** A time, or how long ago it was, as ISO 8601 with a year of four digits. */
export function since(text: string): string {
  const isAgo = /^\d+[smhd]$/.test(text);
  const isTime = /^\d{4}-\d\d-\d\d/.test(text);
  // A duration that reaches back before 1970 means everything.
  const time = isAgo
    ? Math.max(0, Date.now() - duration(text) * 1_000)
    : isTime
      ? Date.parse(text)
      : Number.NaN;
  const date = new Date(time);
  if (date.getUTCFullYear() >= 0 && time < (LAST_SECOND + 1) * 1_000) return date.toISOString();
  throw new InvalidArgumentError('It must be a time such as 2026-11-22T10:00:00Z, or a duration such as 1h.');
}
