import { type Command, Option } from 'commander';
import { agentId, duration, httpUrl, label } from './options.js';
import { warn } from './output.js';
import { commandLineOf, type RunOptions } from './run/plan.js';

const maxAge = (text: string): RunOptions['maxAge'] => ({ ms: duration(text) * 1_000, text });

export function addRun(program: Command): void {
  program
    .command('run')
    .description(
      'run a command as an agent in this terminal: not while the emergency stop holds, registered, in a cgroup of its own, with its exit code',
    )
    .argument('[command...]', 'the command and its arguments; best after --')
    .passThroughOptions()
    .option('--id <id>', 'the agent’s ID (default: the name of the command and random digits)', agentId)
    .option('--task <id>', 'the task that it belongs to')
    .option('--label <name=value>', 'a label of the agent (may be repeated)', label)
    .option('--max-age <duration>', 'kill it at this age, such as 2h', maxAge)
    .option(
      '--worktree [path]',
      'in a new git worktree of this repository, below the first of KILLSWITCH_WORKTREE_ROOTS or at this path',
    )
    .option('--container <image>', 'in a new container of this image, by the docker command')
    .option('--reap', 'when it has ended, kill what it started and left running')
    .option('--verbose', 'say on standard error what is done')
    .option('--url <url>', 'the server (default: the one on this host, or else its store)', httpUrl)
    .addOption(new Option('--socket <path>', 'the unix socket of the server').conflicts('url'))
    .addOption(new Option('--local', 'ask the store of this host and no server').conflicts(['url', 'socket']))
    .action(async (words: readonly string[], options: RunOptions) => {
      const command = commandLineOf(words, options);
      const { run } = await import('./run/run.js');
      try {
        process.exitCode = await run(command, options, text => warn(`killswitch: ${text}`));
      } finally {
        // A connection that is not closed must not keep the process alive.
        setTimeout(() => process.exit(), 1_000).unref();
      }
    });
}
