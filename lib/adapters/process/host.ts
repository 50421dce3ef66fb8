import type { HostFiles } from '../../ports/host-files.js';
import type { ProcessTable } from '../../ports/process-table.js';
import { createHostFiles } from './host-files.js';
import { createHostTable } from './host-table.js';
import { createPsTable } from './ps-table.js';

/** How this host is looked at: its processes from /proc on Linux and from ps(1) elsewhere, and small files. */
export const createHost = (): { readonly table: ProcessTable; readonly files: HostFiles } => ({
  table: process.platform === 'linux' ? createHostTable() : createPsTable(),
  files: createHostFiles(),
});
