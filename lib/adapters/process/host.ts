import type { Ender } from '../../ports/ender.js';
import type { HostFiles } from '../../ports/host-files.js';
import type { ProcessTable } from '../../ports/process-table.js';
import { createEnder } from './ender.js';
import { createHostFiles } from './host-files.js';
import { createHostTable } from './host-table.js';
import { createPsTable } from './ps-table.js';

export interface HostOptions {
  readonly procRoot?: string;
  readonly platform?: NodeJS.Platform;
}

interface Host {
  readonly table: ProcessTable;
  readonly files: HostFiles;
  readonly ender: Ender;
}

/** How this host is looked at: its processes from /proc on Linux and from ps(1) elsewhere, and small files. */
export const createHost = ({ procRoot = '/proc', platform = process.platform }: HostOptions = {}): Host => ({
  table: platform === 'linux' ? createHostTable({ procRoot }) : createPsTable(),
  files: createHostFiles(),
  ender: createEnder({ procRoot, platform }),
});
