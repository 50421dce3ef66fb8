import type { Context, MiddlewareHandler } from 'hono';
import { validator } from 'hono/validator';
import * as z from 'zod';
import type { Actor } from '../../lib/domain/actor.js';
import { agentIdSchema } from '../../lib/domain/agent.js';
import { type ErrorCode, KillswitchError } from '../../lib/domain/errors.js';
import type { ShownWith } from '../../lib/ports/authenticator.js';
import type { Deps, Env } from './function.js';
import { voucherOf } from './in-process.js';
import { trust } from './trusted-caller.js';

/**
 * The path and query as sent: the request line as Node read it, where Node serves, for a URL is normalised. RFC 9112
 * section 3.2.2 allows a whole URL there.
 */
const pathAsSent = (c: Context<Env>): string =>
  (c.env?.incoming?.url ?? c.req.url).replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');

const shownWith = (c: Context<Env>): ShownWith => ({
  method: c.req.raw.method,
  path: pathAsSent(c),
  body: () => c.req.arrayBuffer(),
});

/** The actor, with where this request comes from, unless a gateway has said so. */
export function from(c: Context<Env>, actor: Actor): Actor {
  const source = actor.source ?? c.get('source');
  return source === undefined ? actor : { ...actor, source };
}

/** Lets in whoever shows a credential that holds. Comes before anything of the request is looked at. */
export const authenticated =
  ({ authenticator }: Pick<Deps, 'authenticator'>): MiddlewareHandler<Env> =>
  async (c, next) => {
    const authorization = c.req.header('authorization');
    const actor = voucherOf(c.env) ?? from(c, await authenticator.authenticate(authorization, shownWith(c)));
    c.set('actor', actor);
    trust(c);
    await next();
  };

/** `member.path: what is wrong`, for at most five; never the value, which may be a secret put in the wrong place. */
function explain(error: z.core.$ZodError): string {
  const problems = error.issues.slice(0, 5).map(issue => {
    const names =
      issue.code === 'unrecognized_keys' ? issue.keys.map(key => [...issue.path, key]) : [issue.path];
    const what = issue.code === 'unrecognized_keys' ? 'unknown member' : issue.message;
    return names.map(name => `${name.join('.').slice(0, 200) || 'body'}: ${what}`).join('; ');
  });
  return problems.join('; ');
}

/** @throws KillswitchError of this code that says what is wrong */
export function checked<T extends z.ZodType>(
  schema: T,
  value: unknown,
  code: ErrorCode = 'invalid_request',
): z.output<T> {
  const result = schema.safeParse(value);
  if (!result.success) throw new KillswitchError(code, explain(result.error));
  return result.data;
}

/** The path pattern takes slashes and line ends too, so that an odd ID is told apart from an unknown path. */
export const AGENT = '/agents/:agentId{[^]+}';
const agentSchema = z.object({ agentId: agentIdSchema });
export const agentParam = validator('param', value => checked(agentSchema, value, 'invalid_agent_id'));

export const query = <T extends z.ZodType>(schema: T) => validator('query', value => checked(schema, value));

const DOT_SEGMENT = /(^|[/\\])(\.|%2e){1,2}(?=[/\\]|$)/i;

/** RFC 9110 section 4.2.4: user information in a request's URL is an error, and no Request can be made of one. */
const WITH_USER = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i;

/**
 * Refuses a URL with a user name in it, and `.` and `..` in a path, encoded or not. A URL is rid of them before it is routed (RFC 3986 section 5.2.4),
 * so that `/agents/a/../b/kill` would stop b: only the request line as Node read it still has them.
 */
export const plainPath: MiddlewareHandler<Env> = async (c, next) => {
  const target = c.env?.incoming?.url ?? '';
  if (WITH_USER.test(target)) throw new KillswitchError('invalid_request', 'The URL has a user name');
  const [path = ''] = target.split(/[?#]/, 1);
  if (DOT_SEGMENT.test(path)) {
    throw new KillswitchError('invalid_agent_id', 'The path has a dot segment');
  }
  await next();
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** zod drops this name from a record without a word, and a selector would select more than it says. */
export function refusePrototype(name: string, value: unknown): unknown {
  if (name === '__proto__') throw new KillswitchError('invalid_request', '__proto__: unknown member');
  return value;
}

function parse(bytes: ArrayBuffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes), refusePrototype);
  } catch (error) {
    if (error instanceof KillswitchError) throw error;
    throw new KillswitchError('invalid_request', 'body: is not JSON in UTF-8');
  }
}

/**
 * The body, checked. An absent one is an empty object: a stop needs no words.
 * @throws KillswitchError `unsupported_media_type`, `invalid_request`
 */
export async function body<T extends z.ZodType>(c: Context<Env>, schema: T): Promise<z.output<T>> {
  const bytes = await c.req.arrayBuffer();
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (bytes.byteLength > 0 && type !== 'application/json') {
    throw new KillswitchError('unsupported_media_type', 'Send the body as application/json');
  }
  return checked(schema, bytes.byteLength > 0 ? parse(bytes) : {});
}
