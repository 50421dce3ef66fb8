import type { Command } from 'commander';
import { sentenceOf } from '../../../lib/audit/finding.js';
import { type Verification, verifyAudit } from '../../../lib/audit/verify.js';
import { omitUndefined } from '../../../lib/util/omit-undefined.js';
import { announceStore } from '../announce-store.js';
import { EXIT, print, printJson, warn } from '../output.js';

/** Reads the store directly: what a server says about its own audit proves nothing. */
async function verify(): Promise<Verification> {
  const [{ environment, openSeals, openStore }, { readConfig }, { log }] = await Promise.all([
    import('../../node.js'),
    import('../../server/read-environment.js'),
    import('../local.js'),
  ]);
  const config = readConfig(environment(), { dev: true });
  const { highWaterMark, openKeys } = await openSeals(config, { create: false });
  const keys = await openKeys();
  const { records, audit, close } = await openStore(config, log);
  const warnIfEmpty = announceStore(config, audit);
  try {
    return await verifyAudit({ records, audit, keys, highWaterMark });
  } finally {
    await warnIfEmpty();
    await close();
  }
}

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

function show({ findings, ...found }: Verification): void {
  const { intact, entries, checkpoints, checkpointsInAll, until, unsealed, findingsInAll } = found;
  for (const finding of findings) warn(`killswitch: ${sentenceOf(finding)}`);
  if (findingsInAll > findings.length)
    warn(`killswitch: And ${findingsInAll - findings.length} more findings.`);
  const many = intact ? `${checkpoints}` : `${checkpoints} of ${checkpointsInAll}`;
  const upTo = until === undefined ? '' : `, up to ${until}`;
  print(
    `${intact ? 'Intact' : 'NOT INTACT'}: ${counted(entries, 'entry holds', 'entries hold')}, in ${many} checkpoints${upTo}; ` +
      `${counted(unsealed, 'entry is', 'entries are')} not sealed yet.`,
  );
}

export function addVerify(audit: Command): void {
  audit
    .command('verify')
    .description('check that nothing in the audit was removed, changed or reordered since it was sealed')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Reads the store directly, with the settings of "serve" (KILLSWITCH_STORE, KILLSWITCH_STATE_DIR, and KILLSWITCH_AUDIT_KEY or
KILLSWITCH_SECRET), and trusts no server. Exits with 0 if everything is intact, and with 1 if not, or if it cannot tell.`,
    )
    .action(async (_: object, command: Command) => {
      const { json } = command.optsWithGlobals<{ json?: true }>();
      const found = await verify();
      const findings = found.findings.map(finding =>
        omitUndefined({ ...finding, message: sentenceOf(finding) }),
      );
      if (json) printJson({ ...found, findings });
      else show(found);
      process.exitCode = found.intact ? EXIT.done : EXIT.failed;
    });
}
