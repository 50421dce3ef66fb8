import { type Logger, pino } from 'pino';
import type { Log, Probe } from '../ports/runtime.js';
import { openDescriptor } from './log/descriptor.js';
import { openLines } from './log/lines.js';

export interface LogOptions {
  readonly level: string;
  /** A file descriptor or a path; standard output by default. */
  readonly destination?: number | string;
}

/** The log of a process. Its probe says whether its lines are written, and how many were lost. */
export interface OpenLog extends Log, Probe {
  /** Resolves when what was logged is written, or after so many milliseconds. */
  close(withinMs: number): Promise<void>;
}

type Level = keyof Log;

const FENCED = ['authorization', 'token', 'secret'];
/** In the text of an entry, at any depth. */
const MAY_BE_FENCED = new RegExp(`"(?:${FENCED.join('|')}|headers|err)":`);

/** The entry as JSON; `undefined`: pino must format it, as it has an error, secrets to redact, or no JSON form. */
function plain(entry: object): string | undefined {
  try {
    const text = JSON.stringify(entry);
    return MAY_BE_FENCED.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** An audit entry brings its own time; every line has one. */
const timed = <T extends object>(entry: T): T | (T & { timestamp: string }) =>
  'timestamp' in entry ? entry : { timestamp: new Date().toISOString(), ...entry };

const inJson = (level: Level, text: string, message: string): string =>
  `{"level":"${level}"${text === '{}' ? '' : `,${text.slice(1, -1)}`},"msg":${JSON.stringify(message)}}\n`;

/**
 * JSON lines, one for each entry, written asynchronously: a stalled reader or a full disk must not delay a kill. Lines that
 * do not fit are dropped and counted.
 * Credentials never reach the log; the redaction below is the second line of defence. A kill-all writes two lines for each
 * agent, and pino takes ten times as long with redaction: lines without anything to redact bypass it.
 */
export function openLog({ level, destination = 1 }: LogOptions): OpenLog {
  const redact = [...FENCED, ...FENCED.map(name => `*.${name}`), 'req.headers'];
  const formatters = { level: (label: string) => ({ level: label }) };
  const lines = openLines({
    descriptor: openDescriptor(destination),
    gap: (lost, since) =>
      inJson('warn', JSON.stringify({ ...timed({}), lost, since }), 'lines of the log were lost'),
  });
  const logger: Logger = pino({ level, base: null, timestamp: false, redact, formatters }, lines);
  const write = (at: Level) => (entry: object, message: string) => {
    if (!logger.isLevelEnabled(at)) return;
    const whole = timed(entry);
    const text = plain(whole);
    if (text === undefined) logger[at](whole, message);
    else lines.write(inJson(at, text, message));
  };
  return {
    warn: write('warn'),
    error: write('error'),
    info: write('info'),
    probe: async () => lines.health(),
    close: withinMs => lines.close(withinMs),
  };
}
