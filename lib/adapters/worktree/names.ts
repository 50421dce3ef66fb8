/**
 * The name that `git worktree add` gives to a worktree's administrative directory: the last component of the path
 * as a valid part of a ref name (git's refs.c, sanitize_refname_component).
 */
export function administrativeName(basename: string): string {
  const name = basename
    .replace(/\.{2,}/g, '.')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what git replaces
    .replace(/[\x00-\x20\x7f~^:?*[\\]/g, '-')
    .replace(/(?<=@)\{/g, '-')
    .replace(/^\./, '-');
  return name.replace(/(?:\.lock)+$/, '');
}

/** Whether git could have chosen this name for that path: where the name was taken, it appends a counter. */
export function isPlausibleName(name: string, basename: string): boolean {
  const wanted = administrativeName(basename);
  return name.startsWith(wanted) && /^\d{0,9}$/.test(name.slice(wanted.length));
}
