import type { Context, MiddlewareHandler } from 'hono';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import type { Core } from '../lib/core.js';
import { KillswitchError, toProblem } from '../lib/errors.js';
import { auditDenial } from './denials.js';
import type { Env, KillswitchFunction, TriggerDeps } from './function.js';
import { plainPath } from './request.js';

const MAX_BODY_BYTES = 64 * 1024;
/** Of a webhook: platforms send whole conversations and stack traces along, and cut nothing off. */
const MAX_HOOK_BYTES = 1024 * 1024;
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

function problem(c: Context<Env>, error: unknown, headers: Record<string, string> = {}): Response {
  const { status, ...rest } = toProblem(error, c.get('requestId'));
  const body = JSON.stringify({ ...rest, status });
  return c.body(body, status as 400, { 'content-type': 'application/problem+json', ...headers });
}

const limit = (maxSize: number): MiddlewareHandler<Env> =>
  bodyLimit({
    maxSize,
    onError: () => {
      throw new KillswitchError('body_too_large', `The body may have at most ${maxSize} bytes`);
    },
  });

/** The given functions in one app: limits before, problem details behind. */
export function createApp<D extends Pick<TriggerDeps, 'newId' | 'log'> & { readonly core?: Core }>(
  deps: D,
  functions: readonly KillswitchFunction<D>[],
): Hono<Env> {
  const app = new Hono<Env>();
  app.use(requestId({ generator: deps.newId }));
  app.use(secureHeaders());
  app.use(async (c, next) => {
    await next();
    c.header('cache-control', 'no-store');
  });
  app.use(plainPath);
  const [small, large] = [limit(MAX_BODY_BYTES), limit(MAX_HOOK_BYTES)];
  app.use((c, next) => (c.req.path.startsWith('/hooks/') ? large : small)(c, next));
  for (const one of functions) app.route('/', one.routes(deps));

  app.onError((error, c) => {
    const known = error instanceof KillswitchError;
    if (!known || error.status >= 500) {
      deps.log.error({ err: error, requestId: c.get('requestId') }, 'request failed');
    }
    if (deps.core && known && error.code === 'forbidden') auditDenial(deps.core, c);
    const challenge = known && error.code === 'unauthenticated' ? { 'www-authenticate': 'Bearer' } : {};
    return problem(c, error, challenge);
  });
  app.notFound(c => {
    const allowed = METHODS.filter(method => hasRoute(app, method, c.req.path));
    if (allowed.length === 0) return problem(c, new KillswitchError('not_found'));
    const error = new KillswitchError('method_not_allowed', `Use ${allowed.join(' or ')}`);
    return problem(c, error, { allow: allowed.join(', ') });
  });
  return app;
}

/** Whether a handler, not only middleware, is there for this method and path. */
function hasRoute(app: Hono<Env>, method: string, path: string): boolean {
  const [handlers] = app.router.match(method, path);
  return handlers.some(([[, route]]) => route.method === method);
}
