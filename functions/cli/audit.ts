import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { omitUndefined } from '../../lib/util/omit-undefined.js';
import { addVerify } from './audit/verify.js';
import { auditLine } from './audit-line.js';
import { connect } from './connect.js';
import { agentId, type ServerOptions, since, withServerOptions } from './options.js';
import { print } from './output.js';

/** Milliseconds. */
const POLL = 1_000;

interface Options extends ServerOptions {
  readonly since?: string;
  readonly agent?: string;
  readonly operation?: string;
  readonly follow?: true;
}

export function addAudit(program: Command): void {
  const command = program
    .command('audit')
    .description('show what was done, by whom and why, oldest first')
    .option('--since <time>', 'only entries since this time, such as 2026-11-22T10:00:00Z or 1h', since)
    .option('--agent <id>', 'only entries about this agent', agentId)
    .option('--operation <id>', 'only entries of this operation')
    .option('--follow', 'keep printing new entries until interrupted');
  addVerify(command);
  withServerOptions(command).action(async (options: Options) => {
    const client = await connect(options, { scope: 'audit:read' });
    const filters = omitUndefined<{ since?: string; agentId?: string; operationId?: string }>({
      since: options.since,
      agentId: options.agent,
      operationId: options.operation,
    });
    let after = '';
    for (;;) {
      const { entries, cursor } = await client.audit({ ...filters, after, limit: 1_000 });
      for (const entry of entries) print(options.json ? JSON.stringify(entry) : auditLine(entry));
      if (cursor === after && !options.follow) return;
      if (cursor === after) await delay(POLL);
      after = cursor;
    }
  });
}
