import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError } from '../../lib/config/config-error.js';
import { configFilesOf, SYSTEM_CONFIG } from './places.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables that are read; a file that a service manager reads too may hold others. */
const OURS = /^(HOST$|PORT$|DOCKER_|KILLSWITCH_)/;
/** As `KILLSWITCH_CONFIG` it means that there is no file. */
const NO_FILE = '/dev/null';
const LINE = /^[ \t]*([A-Za-z_][A-Za-z0-9_]*)=(.*?)[ \t]*$/;
/**
 * The values that systemd (systemd.exec(5), EnvironmentFile=), a POSIX shell and `util.parseEnv` read in the same way.
 * They differ on blanks, `#`, backslash and `$` outside of single quotes, and two readings of one secret do not match.
 */
const VALUE = /^([^\s#'"`\\$]*|'[^']*'|"[^"`\\$]*")$/;

const OTHERS_MAY_WRITE = 0o022;
const ALL_MAY_READ = 0o004;

interface FromFile {
  readonly variables: Environment;
  /** Problems that do not stop the process from using the other settings, as sentences. */
  readonly notes: readonly string[];
}

const nothing: FromFile = { variables: {}, notes: [] };
const octal = ({ mode }: Stats): string => (mode & 0o777).toString(8).padStart(4, '0');

class ForeignFile extends ConfigError {
  constructor(path: string, uid: number) {
    super([
      `${path} belongs to another user (${uid}): chown it to root or to yourself, or set KILLSWITCH_CONFIG to another file`,
    ]);
  }
}

/** Says why the file cannot be trusted: only root and this user may decide where a command sends a credential. */
function problemWith(path: string, stats: Stats): string | undefined {
  const uid = process.geteuid?.() ?? stats.uid;
  if (!stats.isFile())
    return `${path} is not a file: set KILLSWITCH_CONFIG to a file, or to /dev/null for none`;
  if (stats.uid !== 0 && stats.uid !== uid) throw new ForeignFile(path, stats.uid);
  if ((stats.mode & OTHERS_MAY_WRITE) !== 0)
    return `${path} can be written by other users (mode ${octal(stats)}): chmod go-w ${path}`;
  return undefined;
}

/** The problems of the lines: those that programs would read differently, named without their values. */
function problemsOfLines(path: string, text: string): string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (/^[ \t]*(#|$)/.test(line)) continue;
    const [, name, value = ''] = LINE.exec(line) ?? [];
    const place = `${path}, line ${at + 1}`;
    if (name === undefined) problems.push(`${place}: a line must be NAME=value, or start with #`);
    else if (!VALUE.test(value))
      problems.push(`${place} (${name}): put the value in single quotes, with no single quote in it`);
    else if (seen.has(name)) problems.push(`${place} (${name}): it is set twice; remove one`);
    else if (name === 'KILLSWITCH_CONFIG')
      problems.push(`${place} (${name}): it has no effect in the file; set it in the environment`);
    if (name !== undefined) seen.add(name);
  }
  return problems;
}

function read(path: string): FromFile {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    const problem = problemWith(path, stats);
    if (problem !== undefined) throw new ConfigError([problem]);
    const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
    const problems = problemsOfLines(path, text);
    if (problems.length > 0) throw new ConfigError(problems);
    const variables = Object.fromEntries(Object.entries(parseEnv(text)).filter(([name]) => OURS.test(name)));
    const isSecret = Object.keys(variables).some(name => /_(SECRET|TOKEN|KEY)$/.test(name));
    const isOpen = isSecret && (stats.mode & ALL_MAY_READ) !== 0;
    return {
      variables,
      notes: isOpen ? [`${path} holds a secret and can be read by every user: chmod o-r ${path}`] : [],
    };
  } finally {
    closeSync(file);
  }
}

/** @throws ConfigError that names what is wrong */
function fromFile(env: Environment, usual: readonly string[]): FromFile {
  const named = env['KILLSWITCH_CONFIG'];
  if (named === NO_FILE) return nothing;
  const notes: string[] = [];
  for (const path of named ? [named] : usual) {
    try {
      const found = read(path);
      return { ...found, notes: [...notes, ...found.notes] };
    } catch (error) {
      // Root that kept a user's HOME (sudo -E): the file of that user must neither be used nor stop root.
      if (error instanceof ForeignFile && !named && path !== SYSTEM_CONFIG) {
        notes.push(`${path} belongs to another user, so its settings are not used`);
        continue;
      }
      if (error instanceof ConfigError) throw error;
      const { code = 'failed' } = error as NodeJS.ErrnoException;
      if (named) throw new ConfigError([`KILLSWITCH_CONFIG names ${named}, which cannot be read (${code})`]);
      if (code !== 'ENOENT' && code !== 'ENOTDIR')
        notes.push(`${path} cannot be read by this user (${code}), so its settings are not used`);
    }
  }
  return { ...nothing, notes };
}

/** A variable and the file that may hold it are one setting. */
const settingOf = (name: string): string => name.replace(/_FILE$/, '');

/**
 * The environment, with defaults from the configuration file: `KILLSWITCH_CONFIG`, or else the first that exists of
 * `/etc/killswitch/killswitch.env` and `$XDG_CONFIG_HOME/killswitch/killswitch.env`. A setting in the environment
 * overrides the one in the file, also if one of them is given as `<name>_FILE`.
 * @param usual where to look for the file if none is named
 * @throws ConfigError that names the file, its line and the variable, and no value
 */
export function withConfigFile(env: Environment, usual = configFilesOf(env)): FromFile {
  const { variables, notes } = fromFile(env, usual);
  const given = new Set(
    Object.keys(env)
      .filter(name => env[name])
      .map(settingOf),
  );
  // Both name the server, so a socket in the environment overrides a URL in the file.
  if (given.has('KILLSWITCH_SOCKET')) given.add('KILLSWITCH_URL');
  const beneath = Object.entries(variables).filter(([name]) => !given.has(settingOf(name)));
  return { variables: { ...env, ...Object.fromEntries(beneath) }, notes };
}

/**
 * Reads the variables of a process and of its configuration file at the first call, and prints problems of the file to
 * standard error.
 * @returns a function that throws ConfigError if the file is not valid
 */
export function variablesOf(given: NodeJS.ProcessEnv): () => Readonly<Record<string, string | undefined>> {
  let variables: Readonly<Record<string, string | undefined>> | undefined;
  return () => {
    if (variables === undefined) {
      const found = withConfigFile(given);
      for (const note of found.notes) process.stderr.write(`killswitch: ${note}\n`);
      variables = found.variables;
    }
    return variables;
  };
}
