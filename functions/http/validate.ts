import { zValidator } from '@hono/zod-validator';
import type { Context, Env as HonoEnv, Input, MiddlewareHandler } from 'hono';
import type * as z from 'zod';
import { agentParams, operationParams } from '../../lib/client/params.js';
import { type ErrorCode, KillswitchError } from '../../lib/domain/errors.js';

/** `member.path: what is wrong`, at most five of them; never the value, which may be a secret in the wrong place. */
function explain(error: z.core.$ZodError): string {
  const problems = error.issues.slice(0, 5).map(issue => {
    const names =
      issue.code === 'unrecognized_keys' ? issue.keys.map(key => [...issue.path, key]) : [issue.path];
    const what = issue.code === 'unrecognized_keys' ? 'unknown member' : issue.message;
    return names.map(name => `${name.join('.').slice(0, 200) || 'body'}: ${what}`).join('; ');
  });
  return problems.join('; ');
}

/** @throws KillswitchError with this code that says what is wrong */
export function checked<T extends z.ZodType>(
  schema: T,
  value: unknown,
  code: ErrorCode = 'invalid_request',
): z.output<T> {
  const result = schema.safeParse(value);
  if (!result.success) throw new KillswitchError(code, explain(result.error));
  return result.data;
}

/** Which part of a request a middleware checks, and by which schema. */
export interface Check {
  readonly part: 'param' | 'query' | 'json';
  readonly schema: z.ZodType;
}

const checks = new WeakMap<object, Check>();

/** What a middleware checks; the API document is compared with it. */
export const checkOf = (middleware: object): Check | undefined => checks.get(middleware);

function noted<M extends object>(middleware: M, check: Check): M {
  checks.set(middleware, check);
  return middleware;
}

/** Throws our problem instead of letting the library answer. */
const refusing =
  (code: ErrorCode) =>
  (result: { readonly success: boolean; readonly error?: z.core.$ZodError }): void => {
    if (result.error) throw new KillswitchError(code, explain(result.error));
  };

const param = <T extends z.ZodObject>(schema: T, code: ErrorCode) =>
  noted(zValidator('param', schema, refusing(code)), { part: 'param', schema });

/** Matches slashes and line ends too, so that a malformed ID is answered as such and not as an unknown path. */
export const AGENT = '/agents/:agentId{[^]+}';
export const agentParam = param(agentParams, 'invalid_agent_id');

export const OPERATION = '/operations/:operationId{[A-Za-z0-9-]{1,64}}';
export const operationParam = param(operationParams, 'not_found');

/** Checks the query. @throws KillswitchError `invalid_request` */
export const query = <T extends z.ZodObject>(schema: T) =>
  noted(zValidator('query', schema, refusing('invalid_request')), { part: 'query', schema });

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** zod silently drops this name from a record, so a selector would select more than it says. */
export function refusePrototype(name: string, value: unknown): unknown {
  if (name === '__proto__') throw new KillswitchError('invalid_request', '__proto__: unknown member');
  return value;
}

function parse(bytes: ArrayBuffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes), refusePrototype);
  } catch (error) {
    if (error instanceof KillswitchError) throw error;
    throw new KillswitchError('invalid_request', 'body: must be JSON in UTF-8');
  }
}

/** An absent body counts as an empty object: a stop needs no body. */
async function read<E extends HonoEnv>(c: Context<E>): Promise<unknown> {
  const bytes = await c.req.arrayBuffer();
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (bytes.byteLength > 0 && type !== 'application/json') {
    throw new KillswitchError('unsupported_media_type', 'Send the body as application/json');
  }
  return bytes.byteLength > 0 ? parse(bytes) : {};
}

interface JsonInput<T extends z.ZodType> extends Input {
  in: { json: z.input<T> };
  out: { json: z.output<T> };
}

/**
 * Checks the body, more strictly than hono's own validator: it must be UTF-8, its content type JSON, and no member may
 * be named `__proto__`.
 * @throws KillswitchError `unsupported_media_type`, `invalid_request`
 */
export function json<T extends z.ZodType>(schema: T) {
  const middleware: MiddlewareHandler<HonoEnv, string, JsonInput<T>> = async (c, next) => {
    c.req.addValidatedData('json', checked(schema, await read(c)) as object);
    await next();
  };
  return noted(middleware, { part: 'json', schema });
}
