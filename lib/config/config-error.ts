/** Every problem of the environment, one line for each variable. Contains no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(['The configuration is not valid:', ...problems.map(problem => `- ${problem}`)].join('\n'));
    this.problems = problems;
  }
}

/**
 * Runs all readers and returns their results.
 * @throws ConfigError that names every problem at once
 */
export function allOf<T extends readonly (() => unknown)[]>(
  works: readonly [...T],
): { [At in keyof T]: ReturnType<T[At]> } {
  const problems = new Set<string>();
  const given = works.map(work => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const problem of error.problems) problems.add(problem);
      return undefined;
    }
  });
  if (problems.size > 0) throw new ConfigError([...problems]);
  return given as { [At in keyof T]: ReturnType<T[At]> };
}
