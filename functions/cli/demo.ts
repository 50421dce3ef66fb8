import { type Command, Option } from 'commander';
import type { SandboxChoice } from './demo/setup.js';
import { EXIT, printJson, warn } from './output.js';

const INTERRUPTED = 130;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

interface Options {
  readonly sandbox: SandboxChoice;
  readonly json?: true;
}

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('start real agents, kill one, then all, and check that they are gone; leaves nothing behind')
    .addOption(
      new Option('--sandbox <kind>', 'where the agents run')
        .choices(['auto', 'docker', 'process'])
        .default('auto'),
    )
    .option('--json', 'print what happened as JSON')
    .action(async (options: Options) => {
      process.exitCode = await demo(options);
      // A call that the engine never answers must not keep the process alive.
      process.exit();
    });
}

async function demo({ sandbox, json }: Options): Promise<number> {
  let isInterrupted = false;
  // From here on a signal only sets a flag: the current step ends, then everything is cleaned up in order.
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      isInterrupted = true;
    });
  }
  const proceed = (): void => {
    if (isInterrupted) throw new Error('Interrupted.');
  };
  const [
    { environment },
    { sentenceOf },
    { createTerminal, createSilentTerminal },
    { createWorkspace },
    { runScenario },
  ] = await Promise.all([
    import('../node.js'),
    import('../server/start.js'),
    import('./demo/terminal.js'),
    import('./demo/workspace.js'),
    import('./demo/scenario.js'),
  ]);
  const colour = process.stdout.isTTY === true && !environment()['NO_COLOR'];
  const terminal = json
    ? createSilentTerminal()
    : createTerminal({ write: text => void process.stdout.write(text), colour });
  const startedAt = performance.now();
  const workspace = await createWorkspace();
  let held = false;
  try {
    terminal.title('killswitch demo');
    const result = await runScenario({ workspace, terminal, sandbox, proceed });
    held = result.held;
    if (json) printJson(result);
    if (!held) warn('killswitch: At least one check failed, or a kill was not confirmed.');
  } catch (error) {
    if (!isInterrupted) warn(`killswitch: ${sentenceOf(error)}`);
  }
  const failures = await workspace.close();
  for (const failure of failures) warn(`killswitch: Could not clean up: ${sentenceOf(failure)}`);
  if (isInterrupted) {
    warn('killswitch: Interrupted.');
    return INTERRUPTED;
  }
  if (!held || failures.length > 0) return EXIT.failed;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  terminal.section('All checks passed.', `${seconds} s; nothing is left behind`);
  return EXIT.done;
}
