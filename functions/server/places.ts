import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Config } from '../../lib/config/config.js';
import { ConfigError } from '../../lib/config/config-error.js';

type Environment = Readonly<Record<string, string | undefined>>;

const NAME = 'killswitch';
/** The state directory of root, or of a service user that root gives it to. */
export const SYSTEM_STATE = join('/var/lib', NAME);
const FILE = 'killswitch.env';
export const SYSTEM_CONFIG = join('/etc', NAME, FILE);

/** Relative paths in XDG variables must be ignored: https://specifications.freedesktop.org/basedir-spec/ */
const absolute = (path: string | undefined): string | undefined =>
  path !== undefined && isAbsolute(path) ? path : undefined;

/** `undefined` for a user without a home directory. */
function home({ HOME }: Environment): string | undefined {
  if (HOME) return absolute(HOME);
  try {
    return absolute(homedir());
  } catch {
    return undefined;
  }
}

/** The user's folder that an XDG variable names, or else the usual one. */
function ownFolder(env: Environment, variable: string, usual: string): string | undefined {
  const given = absolute(env[variable]);
  const base = home(env);
  return given ?? (base === undefined ? undefined : join(base, usual));
}

const isRoot = (): boolean => process.geteuid?.() === 0;

/**
 * The state directory, whatever the current directory is: `KILLSWITCH_STATE_DIR`, or else `/var/lib/killswitch` for root
 * and `$XDG_STATE_HOME/killswitch` for other users.
 * @throws ConfigError for a user without a home
 */
export function stateDirectoryOf(env: Environment): string {
  if (env['KILLSWITCH_STATE_DIR']) return env['KILLSWITCH_STATE_DIR'];
  if (isRoot()) return SYSTEM_STATE;
  const folder = ownFolder(env, 'XDG_STATE_HOME', '.local/state');
  if (folder !== undefined) return join(folder, NAME);
  throw new ConfigError(['set KILLSWITCH_STATE_DIR: this user has no home directory']);
}

/** The unix socket of a server with this environment. @throws ConfigError for a user without a home */
export const socketOf = (env: Environment): string =>
  env['KILLSWITCH_SOCKET'] || join(stateDirectoryOf(env), `${NAME}.sock`);

/** Where the Docker CLI keeps its settings; for a user without a home, such as a service, a folder that does not exist. */
export const dockerFolderOf = (env: Environment): string => join(home(env) ?? '/nonexistent', '.docker');

/** How to reach the Docker engine, as the Docker CLI would in this environment. */
export function connectionOf(
  { docker: { clientDirectory, context, ...docker } }: Pick<Config, 'docker'>,
  env: Environment,
) {
  const directory = clientDirectory ?? dockerFolderOf(env);
  return { ...docker, client: { directory, ...(context !== undefined && { context }) } };
}

/** Where the configuration file may be; the first one that exists is used. */
export function configFilesOf(env: Environment): readonly string[] {
  const folder = ownFolder(env, 'XDG_CONFIG_HOME', '.config');
  return [SYSTEM_CONFIG, ...(folder === undefined ? [] : [join(folder, NAME, FILE)])];
}
