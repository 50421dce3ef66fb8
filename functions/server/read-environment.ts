import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Config, parseConfig, secretVariables } from '../../lib/config/config.js';
import { ConfigError } from '../../lib/config/config-error.js';
import type { Settings } from '../../lib/config/platform-settings.js';
import { platformVariable } from '../../lib/config/platform-settings.js';
import { stateDirectoryOf } from './places.js';
import { readSecret } from './secret-file.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the variables that are given as `<name>_FILE`. @throws ConfigError that names every problem */
function withFiles(environment: Environment, names: Iterable<string>): Environment {
  const resolved: Record<string, string | undefined> = { ...environment };
  const problems: string[] = [];
  for (const name of names) {
    if (!environment[`${name}_FILE`]) continue;
    const secret = readSecret(environment, name);
    problems.push(...secret.problems);
    resolved[name] = secret.value;
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return resolved;
}

/**
 * @param options.dev if no key is set, make a random secret for this run
 * @throws ConfigError that names every bad variable
 */
export function readConfig(environment: Environment, options: { dev?: boolean } = {}): Config {
  const config = parseConfig(withFiles(environment, secretVariables), {
    hostname: hostname(),
    stateDirectory: stateDirectoryOf(environment),
    ...options,
  });
  const keyless = config.secret === undefined && config.jwks === undefined;
  return keyless ? { ...config, secret: randomBytes(32).toString('base64url') } : config;
}

/**
 * The variables of the platforms, including those read from files.
 * @throws ConfigError that names every file that cannot be read
 */
export function settingsOf(environment: Environment): Settings {
  const given = Object.entries(environment).filter(([name]) => platformVariable.test(name));
  const files = given.flatMap(([name]) => (name.endsWith('_FILE') ? [name.slice(0, -'_FILE'.length)] : []));
  const all = withFiles(Object.fromEntries(given), files);
  return Object.fromEntries(Object.entries(all).filter(([name]) => !name.endsWith('_FILE')));
}
