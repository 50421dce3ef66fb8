import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs a last step when this process ends, by itself or by a signal, until it is released. */
export function onEnd(step: () => void): () => void {
  const leave = (signal: NodeJS.Signals): void => process.exit(128 + constants.signals[signal]);
  process.once('exit', step);
  for (const name of SIGNALS) process.once(name, leave);
  return () => {
    process.off('exit', step);
    for (const name of SIGNALS) process.off(name, leave);
  };
}
