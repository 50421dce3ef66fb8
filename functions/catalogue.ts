import { agents } from './agents.js';
import { audit } from './audit.js';
import { chatops } from './chatops.js';
import { docs } from './docs.js';
import { health } from './health.js';
import { hooks } from './hooks.js';
import type { KillswitchFunction } from './http/function.js';
import { kill } from './kill.js';
import { killAll } from './kill-all.js';
import { latch } from './latch.js';
import { links } from './links.js';
import { metrics } from './metrics.js';
import { openapi } from './openapi.js';
import { operations } from './operations.js';
import { scan } from './scan.js';

/** Every deployable function. */
export const catalogue: readonly KillswitchFunction[] = [
  kill,
  killAll,
  latch,
  operations,
  agents,
  scan,
  audit,
  hooks,
  chatops,
  links,
  health,
  metrics,
  openapi,
  docs,
];

/** The functions with these names. @throws RangeError that names the unknown ones and the known ones */
export function named(names: readonly string[]): readonly KillswitchFunction[] {
  const unknown = names.filter(name => !catalogue.some(one => one.name === name));
  if (unknown.length > 0) {
    const known = catalogue.map(({ name }) => name).join(', ');
    throw new RangeError(`Unknown function ${unknown.join(', ')}; the functions are ${known}`);
  }
  return catalogue.filter(({ name }) => names.includes(name));
}
