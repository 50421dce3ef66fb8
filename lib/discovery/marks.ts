import type { ProcessInfo } from '../ports/process-table.js';
import type { Detector } from './detectors/detector.js';

/** Whether a process carries a mark: `NAME`, or `NAME=prefix`. */
export function carries({ environment }: Pick<ProcessInfo, 'environment'>, mark: string): boolean {
  const [name = '', ...prefix] = mark.split('=');
  return environment[name]?.startsWith(prefix.join('=')) ?? false;
}

/** The environment variables that detectors look at: no other one is ever kept. */
export function variablesOf(detectors: readonly Detector[], agentVariable: string): readonly string[] {
  const names = detectors.flatMap(({ marks = [], main = [], wrapper = [], session, mainPid, home }) => [
    ...marks.map(mark => mark.split('=', 1)[0]),
    ...[...main, ...wrapper].flatMap(({ environment = [] }) => environment),
    ...[session, mainPid, home?.variable],
  ]);
  return [...new Set(['HOME', agentVariable, ...names.filter(name => name !== undefined)])];
}

/** Where a process has the state of the tool, as a text that is the same for all of one home. */
export function homeOf({ home }: Detector, { environment, uid }: ProcessInfo): string {
  const own = home?.variable === undefined ? undefined : environment[home.variable];
  return `${uid}:${own ?? `${environment['HOME'] ?? ''}/${home?.folder ?? ''}`}`;
}
