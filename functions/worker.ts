import { Hono } from 'hono';
import { uuidv7 } from 'uuidv7';
import { createEdgeKeys, textSource } from '../lib/adapters/jose/edge-keys.js';
import { mintToken } from '../lib/adapters/jose/mint.js';
import { urlSource } from '../lib/adapters/jose/url-source.js';
import { createVerifier } from '../lib/adapters/jose/verifier.js';
import { ConfigError } from '../lib/config/config-error.js';
import { KillswitchError } from '../lib/domain/errors.js';
import type { Authenticator } from '../lib/ports/authenticator.js';
import type { Clock } from '../lib/ports/runtime.js';
import { canonicalAddress } from '../lib/util/ip-address.js';
import { omitUndefined } from '../lib/util/omit-undefined.js';
import { chatops } from './chatops.js';
import { edgeCommands } from './gateway/commands.js';
import { createForward, type Forward } from './gateway/forward.js';
import { consoleLog as log } from './gateway/log.js';
import { originProbes } from './gateway/probes.js';
import { type GatewayDeps, gateway } from './gateway/routes.js';
import { type GatewaySettings, readGatewaySettings } from './gateway/settings.js';
import { health } from './health.js';
import { hooks } from './hooks.js';
import { createApp } from './http/app.js';
import { openFailures } from './http/failed-auth-limit.js';
import type { Env, KillswitchFunction, TriggerDeps } from './http/function.js';
import { links } from './links.js';

/**
 * The composition root for Cloudflare Workers: the edge gateway. It verifies a request, signs a token bound to its
 * method, path and body, and forwards it to every origin. It has neither a store nor Docker.
 */

/** Seconds for which the token of a forwarded request is valid. */
const TTL_SECONDS = 60;
const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
/** Looked up at each call: a Worker may only use the `fetch` of the current request. */
const fetch: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, init);

type Deps = TriggerDeps & GatewayDeps & Pick<Parameters<typeof health.routes>[0], 'probes'>;
const functions: readonly KillswitchFunction<Deps>[] = [gateway, hooks, chatops, links, health];

/** Without keys for callers every caller is refused; only platforms with their signatures are accepted. */
const refuseAll: Authenticator = {
  authenticate: () => Promise.reject(new KillswitchError('unauthenticated')),
  probe: async () => ({
    name: 'tokens',
    ok: true,
    detail: 'no keys for tokens of callers are set, so every caller is refused',
  }),
};

function authenticatorOf(settings: GatewaySettings): Authenticator {
  const { secret, previousSecret, jwks, revoked, audience, issuer, tokenMaxAgeMs } = settings;
  if (secret === undefined && !jwks) return refuseAll;
  const source = jwks && ('text' in jwks ? textSource(jwks.text) : urlSource(jwks.url, fetch));
  const keys = source && createEdgeKeys(source, { clock, log });
  const markUsed = async () => 'unknown' as const;
  const revocations = () => revoked;
  return createVerifier({
    audience,
    maxAgeSeconds: tokenMaxAgeMs / 1000,
    // A request that a gateway has forwarded is for an origin, and is not forwarded again.
    recipients: [],
    revocations,
    markUsed,
    clock,
    log,
    ...omitUndefined({ secret, previousSecret, keys, issuer }),
  });
}

const forwardOf = ({ origins, originTimeoutMs, key, audience, issuer }: GatewaySettings): Forward =>
  createForward({
    origins,
    timeoutMs: originTimeoutMs,
    fetch,
    log,
    sign: ({ subject, scopes, within, source }, { method, path, body }, { url }) =>
      mintToken({
        privateJwk: { ...key, alg: 'EdDSA' },
        subject,
        scopes: [...scopes],
        within,
        audience,
        ...(issuer !== undefined && { issuer }),
        ttlSeconds: TTL_SECONDS,
        once: method !== 'GET',
        request: { method, path, body },
        recipient: url,
        via: 'killswitch-gateway',
        ...(source !== undefined && { source }),
      }),
  });

/** Everything made from one environment; kept for as long as the isolate lives. */
interface Setup extends Omit<Deps, 'defer'> {}

function setUp(env: object): Setup {
  const settings = readGatewaySettings({ ...env });
  const forward = forwardOf(settings);
  const authenticator = authenticatorOf(settings);
  return {
    forward,
    authenticator,
    probes: [...originProbes(settings.origins, fetch), authenticator],
    settings: settings.platforms,
    newId: uuidv7,
    clock,
    log,
    fetch,
    failures: openFailures({ clock, log }),
    // Cloudflare overwrites this header on every request.
    sourceOf: c => canonicalAddress(c.req.header('cf-connecting-ip') ?? ''),
    commandsFor: edgeCommands(forward, uuidv7),
  };
}

const setups = new WeakMap<object, Setup>();

function setupOf(env: object): Setup {
  const setup = setups.get(env) ?? setUp(env);
  setups.set(env, setup);
  return setup;
}

/** Answers every request with `unconfigured`; which settings are missing is only logged. */
const unconfigured: KillswitchFunction<object> = {
  name: 'unconfigured',
  routes: () =>
    new Hono<Env>().all('*', () => {
      throw new KillswitchError('unconfigured');
    }),
};

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

/** `defer` belongs to one request, so each request gets its own app. */
function appFor(env: object, context: Context): Pick<Hono<Env>, 'fetch'> {
  try {
    return createApp({ ...setupOf(env), defer: work => context.waitUntil(work) }, functions);
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems : [];
    log.error(
      { err: error, problems },
      'the gateway is not configured: fix the problems and deploy it again',
    );
    return createApp({ newId: uuidv7, log }, [unconfigured]);
  }
}

export default {
  /** @param env the Worker's variables and secrets; see wrangler.example.toml */
  async fetch(request: Request, env: object, context: Context): Promise<Response> {
    return await appFor(env, context).fetch(request);
  },
};
