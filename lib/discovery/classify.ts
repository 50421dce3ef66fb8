import { kindOfProgram } from '../domain/surroundings.js';
import type { ProcessInfo } from '../ports/process-table.js';
import type { Clause, Detector, Role } from './detectors/detector.js';

/** What a process is to the tool that it belongs to. */
export interface Classified {
  readonly detector: Detector;
  readonly as: 'main' | 'wrapper' | Role;
  /** What told it, in words that may be shown once they are escaped. */
  readonly evidence: string;
}

const INTERPRETER = /\/(node|nodejs|bun|deno|python[\d.]*)$/;
/** Options of interpreters whose value is the next argument. */
const WITH_VALUE = new Set([
  '-r',
  '--require',
  '--import',
  '--loader',
  '--experimental-loader',
  '-C',
  '-X',
  '-W',
]);
/** Whatever the tool: it prints something and ends. */
const IDLE = ['--help', '-h', '--version', '-v', '-V'];

/** The script that an interpreter runs, as `-m module` where it is a module, and the arguments that it is given. */
export function scriptOf({
  executable = '',
  args,
}: Pick<ProcessInfo, 'executable' | 'args'>):
  | { readonly script: string; readonly own: readonly string[] }
  | undefined {
  if (!INTERPRETER.test(executable)) return undefined;
  for (let at = 1; at < args.length; at += 1) {
    const word = args[at] ?? '';
    if (word === '-m') return { script: `-m ${args[at + 1] ?? ''}`, own: args.slice(at + 2) };
    if (WITH_VALUE.has(word)) at += 1;
    else if (!word.startsWith('-') && word !== 'run') return { script: word, own: args.slice(at + 1) };
  }
  return undefined;
}

/** Says which tool's process this is, if any. A multiplexer, an editor or a login shell never is one. */
export function classify(process: ProcessInfo, detectors: readonly Detector[]): Classified | undefined {
  const { executable, args, pid, session } = process;
  const called = args[0] ?? '';
  if (executable === undefined || kindOfProgram({ executable, called, isLeader: session === pid }))
    return undefined;
  const run = scriptOf(process);
  const own = run?.own ?? args.slice(1);
  const holds = ({ executable: path, script, environment = [] }: Clause): boolean =>
    (path === undefined || path.test(executable)) &&
    (script === undefined || (run !== undefined && script.test(run.script))) &&
    environment.every(name => process.environment[name] !== undefined);
  for (const detector of detectors) {
    const isMain = detector.main?.some(holds) ?? false;
    if (!isMain && !detector.wrapper?.some(holds)) continue;
    const what = run === undefined ? `executable ${executable}` : `script ${run.script}`;
    const role = detector.roles?.find(({ words }) => hasWords(own, words));
    if (role) return { detector, as: role, evidence: `${what}, ${role.words.join(' ')}` };
    if ([...IDLE, ...(detector.idle ?? [])].includes(own[0] ?? '')) return undefined;
    return { detector, as: isMain ? 'main' : 'wrapper', evidence: what };
  }
  return undefined;
}

function hasWords(own: readonly string[], words: readonly string[]): boolean {
  const options = words.filter(word => word.startsWith('-'));
  const first = words.filter(word => !word.startsWith('-'));
  return options.every(word => own.includes(word)) && first.every((word, at) => own[at] === word);
}
