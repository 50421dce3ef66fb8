import * as z from 'zod';
import { detectors } from '../discovery/detectors/index.js';

/** Managers start the agents of other tools, which are the findings. */
const names = detectors.flatMap(({ name, kind }) => (kind === 'manager' ? [] : [name]));

/** Names of detectors, separated by commas, or `all`. */
export const discoverSchema = z
  .string()
  .transform(text => text.split(',').map(name => name.trim()))
  .refine(
    given => given.every(name => names.includes(name) || (name === 'all' && given.length === 1)),
    `must be all, or names of detectors separated by commas: ${names.join(', ')}`,
  )
  .transform(given => (given[0] === 'all' ? names : given));
