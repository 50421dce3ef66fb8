import type { Command } from 'commander';
import type { AdoptedOne, Choice } from '../../lib/discovery/adopt-findings.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';
import { withNode } from './local.js';
import { EXIT, print, printJson, UsageError } from './output.js';

interface Options {
  readonly detector?: string[];
  readonly all?: true;
  readonly json?: true;
}

const WORDS: Readonly<Record<AdoptedOne['outcome'], string>> = {
  adopted: 'adopted',
  known: 'an agent already',
  killed: 'not adopted',
  refused: 'not adopted',
  notFound: 'not found',
};

export function addAdopt(program: Command): void {
  program
    .command('adopt')
    .description(
      'make agents of what "scan" finds on this host; needs no server, and uses the settings of "serve"',
    )
    .argument('[names...]', 'agent IDs as "scan" shows them, or PIDs')
    .option('--detector <names...>', 'all that these detectors find')
    .option('--all', 'everything that is found')
    .option('--json', 'print JSON')
    .action(async (ids: string[], { detector, all, json }: Options) => {
      if (ids.length === 0 && detector === undefined && !all)
        throw new UsageError('Name what to adopt: findings, --detector, or --all.');
      const adopted = await adoptHere(omitUndefined<Choice>({ ids, detectors: detector, all }));
      if (json) printJson({ agents: adopted });
      else show(adopted);
      const isDone = adopted.length > 0 && adopted.every(({ why }) => why === undefined);
      process.exitCode = isDone ? EXIT.done : EXIT.unconfirmed;
    });
}

async function adoptHere(choice: Choice): Promise<readonly AdoptedOne[]> {
  const [{ environment, openScan }, { readConfig }, { scanHost }, { adoptFindings }] = await Promise.all([
    import('../node.js'),
    import('../server/read-environment.js'),
    import('../../lib/discovery/scan.js'),
    import('../../lib/discovery/adopt-findings.js'),
  ]);
  const { findings } = await scanHost(await openScan(readConfig(environment(), { dev: true })));
  return withNode(({ core }, actor) => adoptFindings(core, actor, findings, choice));
}

function show(adopted: readonly AdoptedOne[]): void {
  if (adopted.length === 0) print('Nothing was found to adopt.');
  const width = Math.max(...adopted.map(({ agentId }) => agentId.length));
  for (const { agentId, outcome, why } of adopted)
    print(`${agentId.padEnd(width)}  ${WORDS[outcome]}${why === undefined ? '' : `: ${why}`}`);
}
