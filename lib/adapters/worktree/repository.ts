import { type Anchor, type Directory, walk } from './directory.js';
import { componentsOf } from './place.js';
import { isDisguised, isForbidden, isGone } from './verdict.js';

/** The git directory of a repository, or why nothing in it is touched. */
export type GitDirectory = { readonly directory: Directory } | { readonly left: string };

/**
 * Opens `<repository>/.git`, or the repository itself if it is bare. It may lie outside the roots, so no link is
 * followed on the whole way: an agent that may write one component could lead us into any other repository.
 */
export function openGitDirectory(anchor: Anchor, repository: string | undefined): GitDirectory {
  if (repository === undefined) return { left: 'no repository is recorded' };
  const names = componentsOf(repository);
  if (names === undefined) return { left: 'the repository path is not absolute and normalized' };
  try {
    const directory = walk(anchor, anchor.open('/'), names);
    try {
      return { directory: anchor.enter(directory, '.git') };
    } catch (error) {
      if (isGone(error)) return { directory };
      throw error;
    }
  } catch (error) {
    if (isGone(error)) return { left: 'the repository is not there' };
    if (isDisguised(error)) return { left: 'a component of the repository path is a link or no directory' };
    if (isForbidden(error)) return { left: 'the repository may not be read' };
    throw error;
  }
}
