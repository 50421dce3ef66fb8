import { type Command, Option } from 'commander';
import type { Commands } from '../../lib/client/commands.js';
import type { Scope, Within } from '../../lib/domain/actor.js';
import { connect } from './connect.js';
import { type ServerOptions, withServerOptions } from './options.js';

export interface TargetOptions extends ServerOptions {
  readonly local?: true;
}

export const withTargetOptions = (command: Command): Command =>
  withServerOptions(command).addOption(
    new Option('--local', 'without a server, from this process on this host (break glass)').conflicts([
      'url',
      'socket',
    ]),
  );

/** Gives the commands to a server or, with `--local`, to this process. */
export async function onTarget<T>(
  options: TargetOptions,
  needs: { readonly scope: Scope | readonly Scope[]; readonly within?: Within },
  work: (target: Commands) => Promise<T>,
): Promise<T> {
  if (!options.local) return work(await connect(options, needs));
  const { localCommands, withNode } = await import('./local.js');
  return withNode((node, actor) => work(localCommands(node, actor)));
}
