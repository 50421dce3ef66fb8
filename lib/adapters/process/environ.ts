/**
 * Values of a variable among the NUL-separated entries of an environment, as latin1, so that a comparison is one of
 * bytes. The owner may have written anything there, also the variable twice: each counts.
 */
export function valuesOf(environ: Buffer, variable: string): readonly string[] {
  const name = `${variable}=`;
  const values: string[] = [];
  for (let at = environ.indexOf(name); at >= 0; at = environ.indexOf(name, at + 1)) {
    if (at > 0 && environ[at - 1] !== 0) continue;
    const end = environ.indexOf(0, at);
    values.push(environ.toString('latin1', at + name.length, end < 0 ? environ.length : end));
  }
  return values;
}
