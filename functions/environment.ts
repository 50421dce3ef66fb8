import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { type Config, ConfigError, parseConfig, secretVariables } from '../lib/config.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Each secret may stand in a file that `<name>_FILE` names; a line end at its end does not count. */
function withFiles(environment: Environment): Environment {
  const resolved: Record<string, string | undefined> = { ...environment };
  const problems: string[] = [];
  for (const name of secretVariables) {
    const path = environment[`${name}_FILE`];
    if (!path) continue;
    if (environment[name]) problems.push(`set ${name} or ${name}_FILE, not both`);
    try {
      resolved[name] = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    } catch {
      problems.push(`${name}_FILE names a file that cannot be read`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return resolved;
}

/**
 * @param options.dev without a key of its own, the process makes a random secret for this run
 * @throws ConfigError that names every bad variable
 */
export function readConfig(environment: Environment, options: { dev?: boolean } = {}): Config {
  const config = parseConfig(withFiles(environment), { hostname: hostname(), ...options });
  const keyless = config.secret === undefined && config.jwks === undefined;
  return keyless ? { ...config, secret: randomBytes(32).toString('base64url') } : config;
}
