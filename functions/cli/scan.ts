import { setTimeout as delay } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { HostScan } from '../../lib/discovery/scan.js';
import { print, printJson, warn } from './output.js';
import { namesOf, nextSteps, scanTable, unseenIn } from './scan-table.js';

const formats = ['table', 'wide', 'json', 'name'] as const;
type Format = (typeof formats)[number];

interface Options {
  readonly output: Format;
  readonly watch?: true;
}

const WATCH_MS = 2_000;

export function addScan(program: Command): void {
  program
    .command('scan')
    .description('show what runs on this host that looks like an agent; changes nothing and needs no server')
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(formats).default('table'))
    .option('--watch', 'scan again every 2 s, and print again when something has changed')
    .action(async ({ output, watch }: Options) => {
      const [{ environment, openScan }, { readConfig }, { scanHost }] = await Promise.all([
        import('../node.js'),
        import('../server/read-environment.js'),
        import('../../lib/discovery/scan.js'),
      ]);
      const sources = await openScan(readConfig(environment(), { dev: true }));
      let shown: string | undefined;
      for (;;) {
        const scan = await scanHost(sources);
        const names = namesOf(scan).join(' ');
        if (names !== shown) show(scan, output);
        shown = names;
        if (!watch) return;
        await delay(WATCH_MS);
      }
    });
}

function show(scan: HostScan, output: Format): void {
  if (output === 'json') printJson(scan);
  else if (output === 'name') for (const name of namesOf(scan)) print(name);
  else {
    print(scanTable(scan.findings, output === 'wide'));
    for (const line of nextSteps(scan)) print(line);
  }
  if (output !== 'json') for (const line of unseenIn(scan)) warn(`killswitch: ${line}`);
}
