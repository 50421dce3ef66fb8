import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sandboxed } from './kill.js';
import type { CgroupMount } from './mountinfo.js';
import type { Place } from './place.js';

/** The files that a kill reads and writes, as an empty cgroup has them. */
const FILES: Readonly<Record<string, string>> = {
  'cgroup.kill': '',
  'cgroup.procs': '',
  'cgroup.events': 'populated 0\nfrozen 0\n',
  'freezer.state': 'THAWED\n',
};

export interface StandIn {
  readonly sandboxed: Sandboxed;
  remove(): void;
}

/**
 * A directory of plain files that passes for an empty cgroup in the hierarchies of this machine: a kill of it runs the
 * code of a real one, and no process can be in it.
 * @throws as the file system does
 */
export function makeStandIn(mounts: readonly CgroupMount[]): StandIn {
  const directory = mkdtempSync(join(tmpdir(), 'killswitch-rehearsal-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(directory, name), text);
  } catch (error) {
    remove();
    throw error;
  }
  const placeIn = (mount: CgroupMount, control: NonNullable<Place['use']['control']>): Place => {
    const use = { control };
    return { mount, path: directory, directory, use };
  };
  const unified = mounts.find(({ version }) => version === 2);
  const legacy = mounts.find(({ controllers }) => controllers.includes('freezer'));
  const sandboxed = {
    ...(unified && { unified: placeIn(unified, 'cgroup.kill') }),
    ...(legacy && { legacy: placeIn(legacy, 'freezer.state') }),
  };
  return { sandboxed, remove };
}
