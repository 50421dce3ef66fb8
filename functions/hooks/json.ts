import { KillswitchError } from '../../lib/domain/errors.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses the body of a verified delivery as a JSON object.
 * @throws KillswitchError `invalid_request`
 */
export function objectIn(
  body: Uint8Array,
  reviver?: (name: string, value: unknown) => unknown,
): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(body), reviver);
  } catch (error) {
    if (error instanceof KillswitchError) throw error;
    throw new KillswitchError('invalid_request', 'body: must be JSON in UTF-8');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new KillswitchError('invalid_request', 'body: must be a JSON object');
}
