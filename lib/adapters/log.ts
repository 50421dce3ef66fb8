import { type Logger, pino } from 'pino';
import type { Log } from '../ports.js';

export interface LogOptions {
  readonly level: string;
  /** A file descriptor or a path; standard output by default. */
  readonly destination?: number | string;
}

type Level = keyof Log;

const FENCED = ['authorization', 'token', 'secret'];
/** In the text of an entry, at any depth. */
const MAY_BE_FENCED = new RegExp(`"(?:${FENCED.join('|')}|headers|err)":`);

/** `undefined`: it is for pino, which tells errors, hides what is fenced, and takes what has no JSON. */
function plain(entry: object): string | undefined {
  try {
    const text = JSON.stringify(entry);
    return MAY_BE_FENCED.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/**
 * JSON lines, one an entry. Written without waiting: a reader that stands still must not hold up a kill.
 * Credentials never reach it; the paths below are the second fence. A kill-all writes two lines for each agent, and
 * pino takes ten times as long for one with the fence as for its text: lines in which there is nothing to hide pass it
 * by.
 */
export function openLog({ level, destination = 1 }: LogOptions): Log {
  const redact = [...FENCED, ...FENCED.map(name => `*.${name}`), 'req.headers'];
  const options = { level, base: null, redact, formatters: { level: (label: string) => ({ level: label }) } };
  const lines = pino.destination({ dest: destination, sync: false });
  const logger: Logger = pino(options, lines);
  const write = (at: Level) => (entry: object, message: string) => {
    if (!logger.isLevelEnabled(at)) return;
    const text = plain(entry);
    if (text === undefined) {
      logger[at](entry, message);
      return;
    }
    const members = text === '{}' ? '' : `,${text.slice(1, -1)}`;
    lines.write(`{"level":"${at}","time":${Date.now()}${members},"msg":${JSON.stringify(message)}}\n`);
  };
  return { warn: write('warn'), error: write('error'), info: write('info') };
}
