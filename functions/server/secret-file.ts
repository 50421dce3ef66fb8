import { readFileSync } from 'node:fs';

/** The value of a setting that may be in a file. `problems`: sentences without a full stop, safe to show. */
export interface Secret {
  readonly value: string | undefined;
  readonly problems: readonly string[];
}

/**
 * Reads a secret from a variable, or from the file that `<name>_FILE` names, without the line end after it. An empty
 * variable counts as absent.
 */
export function readSecret(environment: Readonly<Record<string, string | undefined>>, name: string): Secret {
  const path = environment[`${name}_FILE`];
  if (!path) return { value: environment[name] || undefined, problems: [] };
  const problems = environment[name] ? [`set ${name} or ${name}_FILE, not both`] : [];
  try {
    return { value: readFileSync(path, 'utf8').replace(/\r?\n$/, ''), problems };
  } catch {
    return {
      value: undefined,
      problems: [...problems, `${name}_FILE names a file that does not exist or that this user may not read`],
    };
  }
}
