import type * as z from 'zod';
import { checked, refusePrototype } from '../http/validate.js';

/**
 * Checks a body that did not arrive as JSON by the rules for JSON: zod would silently drop a label named `__proto__`,
 * and the selector would select more than it says.
 * @throws KillswitchError `invalid_request`
 */
export const checkedBody = <T extends z.ZodType>(schema: T, body: unknown): z.output<T> =>
  checked(schema, JSON.parse(JSON.stringify(body), refusePrototype));
