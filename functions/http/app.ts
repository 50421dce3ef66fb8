import type { Context } from 'hono';
import { Hono } from 'hono';
import { requestId } from 'hono/request-id';
import { matchedRoutes } from 'hono/route';
import { secureHeaders } from 'hono/secure-headers';
import type { Actor } from '../../lib/domain/actor.js';
import { KillswitchError, tooManyFailures, toProblem } from '../../lib/domain/errors.js';
import { limitBody, MAX_BODY_BYTES } from './body-size.js';
import type { Deps, Env, KillswitchFunction, TriggerDeps } from './function.js';
import { reportFailure } from './report-failure.js';
import { plainPath } from './request.js';
import { throttleLog } from './throttle-log.js';

/** For webhooks: platforms send whole conversations and stack traces. */
const MAX_HOOK_BYTES = 1024 * 1024;
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

function problem(c: Context<Env>, error: unknown, headers: Record<string, string> = {}): Response {
  const { status, ...rest } = toProblem(error, c.get('requestId'));
  const body = JSON.stringify({ ...rest, status });
  return c.body(body, status as 400, { 'content-type': 'application/problem+json', ...headers });
}

/** What the app itself needs. At the edge there is neither core nor metrics. */
type AppDeps = Pick<TriggerDeps, 'newId' | 'log' | 'sourceOf' | 'failures'> &
  Partial<Pick<Deps, 'core' | 'metrics'>>;

/** The functions in one app, which adds request IDs, limits and problem details. */
export function createApp<D extends AppDeps>(
  deps: D,
  functions: readonly KillswitchFunction<D>[],
): Hono<Env> {
  const app = new Hono<Env>();
  const log = throttleLog(deps.log, { now: () => Date.now() });
  /** Names of functions, by the patterns of their paths. */
  const names = new Map<string, string>();
  app.use(async (c, next) => {
    await next();
    const name = matchedRoutes(c).map(({ path }) => names.get(path));
    deps.metrics?.answered(
      name.find(found => found !== undefined),
      c.res.status,
    );
  });
  app.use(requestId({ generator: deps.newId }));
  app.use((c, next) => {
    const source = deps.sourceOf?.(c);
    if (source !== undefined) c.set('source', source);
    return next();
  });
  app.use(secureHeaders());
  app.use(async (c, next) => {
    await next();
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store');
  });
  app.use(plainPath);
  const [small, large] = [limitBody(MAX_BODY_BYTES), limitBody(MAX_HOOK_BYTES)];
  app.use((c, next) => (c.req.path.startsWith('/hooks/') ? large : small)(c, next));
  for (const one of functions) {
    const routes = one.routes(deps);
    // The first function with a path answers it.
    for (const { path } of routes.routes) if (!names.has(path)) names.set(path, one.name);
    app.route('/', routes);
  }

  app.onError((error, c) => {
    const known = error instanceof KillswitchError;
    const { method, path } = c.req;
    reportFailure({ core: deps.core, log }, error, {
      ...{ method, path, requestId: c.get('requestId') },
      actor: c.get('actor') as Actor | undefined,
    });
    if (known && error.code === 'busy') return problem(c, error, { 'retry-after': '1' });
    if (!known || error.code !== 'unauthenticated') return problem(c, error);
    deps.metrics?.unauthenticated();
    const seconds = deps.failures?.count(c.get('source'));
    if (seconds === undefined) return problem(c, error, { 'www-authenticate': 'Bearer' });
    return problem(c, tooManyFailures(seconds), { 'retry-after': `${seconds}` });
  });
  app.notFound(c => {
    const allowed = METHODS.filter(method => hasRoute(app, method, c.req.path));
    if (allowed.length === 0) return problem(c, new KillswitchError('not_found'));
    const error = new KillswitchError('method_not_allowed', `Use ${allowed.join(' or ')}`);
    return problem(c, error, { allow: allowed.join(', ') });
  });
  return app;
}

/** Whether this method and path have a handler, not only middleware. */
function hasRoute(app: Hono<Env>, method: string, path: string): boolean {
  const [handlers] = app.router.match(method, path);
  return handlers.some(([[, route]]) => route.method === method);
}
