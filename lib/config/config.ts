import { omitUndefined } from '../util/omit-undefined.js';
import { ConfigError } from './config-error.js';
import { durationSchema, isTooShort, type KeySetLocation, type StoreLocation } from './environment.js';
import { platformVariable } from './platform-settings.js';
import { environmentSchema } from './variables.js';

export interface Config {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Absolute, as the state directory is. */
  readonly socket: string;
  readonly stateDirectory: string;
  readonly store: StoreLocation;
  readonly keyPrefix: string;
  readonly hostId: string;
  /** As the Docker CLI reads them; `host` absent: its default. */
  readonly docker: {
    readonly host?: string;
    readonly certPath?: string;
    readonly tlsVerify: boolean;
    /** Where the Docker CLI keeps its settings, if not in the usual place. */
    readonly clientDirectory?: string;
    readonly context?: string;
  };
  readonly sandboxes: { readonly docker: boolean; readonly process: boolean };
  /** The label of a container that must equal the agent's ID. */
  readonly agentLabel: string;
  /** The environment variable of a host process that must equal the agent's ID. */
  readonly agentVariable: string;
  readonly requireLabel: boolean;
  /** Names of the detectors whose findings become agents by themselves. */
  readonly discover: readonly string[];
  /** Absolute, without a slash at the end. Empty: worktrees are left alone. */
  readonly worktreeRoots: readonly string[];
  /** How long a cleared worktree is kept; at least an hour. */
  readonly quarantineTtlMs: number;
  /** How much the quarantine and the evidence may take on the disk; absent: as much as there is. */
  readonly quarantineMaxBytes?: number;
  /** Whether the last logs of a container, and what the engine says of it, are kept before it is removed. */
  readonly evidence: boolean;
  /** For removing what a dead agent left, and for moving its worktree. */
  readonly cleanupTimeoutMs: number;
  /** Absent only beside a key set, or with `dev`. */
  readonly secret?: string;
  /** No longer signs but still verifies, while it is being replaced by `secret`. */
  readonly previousSecret?: string;
  /** The first signs the audit, all verify it. Empty: a secret in the state directory does. */
  readonly auditSecrets: readonly string[];
  readonly jwks?: KeySetLocation;
  /** The file that lists revoked tokens and subjects. */
  readonly revoked?: string;
  readonly audience: string;
  readonly issuer?: string;
  /** How long a token may be good. */
  readonly tokenMaxAgeMs: number;
  /** URLs by which gateways call this server, without a slash at the end. Empty: forwarded requests can only stop. */
  readonly publicUrls: readonly string[];
  /** Addresses and CIDR blocks of proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: readonly string[];
  /** What is done about processes that ended agents left. */
  readonly sweep: 'off' | 'observe' | 'enforce';
  /** Milliseconds that the event loop may be blocked before the process ends itself; 0: for ever. */
  readonly watchdogMs: number;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn';
  /** Unknown variables with our prefix: misspelt, most likely. */
  readonly unknown: readonly string[];
  /** Settings that were adjusted, one sentence each. */
  readonly notes: readonly string[];
}

/** Variables that may hold a secret (also a password in a URL): each may be given as `<name>_FILE` instead. */
export const secretVariables: readonly string[] = [
  'KILLSWITCH_SECRET',
  'KILLSWITCH_SECRET_PREVIOUS',
  'KILLSWITCH_AUDIT_KEY',
  'KILLSWITCH_STORE',
];
const unshown = new Set([...secretVariables, 'KILLSWITCH_JWKS', 'DOCKER_HOST']);

/** What the command line, the tests and the agents themselves read. */
const ELSEWHERE = /^KILLSWITCH_(TEST_.*|CONFIG|URL|TOKEN(_FILE)?|AGENT_ID)$/;

/** `sun_path` of unix(7) holds 108 bytes on Linux and 104 on macOS, the closing NUL included. */
const SOCKET_BYTES = 103;

type Environment = Readonly<Record<string, string | undefined>>;

const shown = (name: string, value: string): string =>
  unshown.has(name) ? name : `${name}=${JSON.stringify(value.slice(0, 80))}`;

/** Problems that depend on several variables. */
function jointProblems(env: Environment, socket: string, dev: boolean): string[] {
  const problems: string[] = [];
  if (new TextEncoder().encode(socket).length > SOCKET_BYTES) {
    problems.push(`${shown('KILLSWITCH_SOCKET', socket)} must be a path of at most ${SOCKET_BYTES} bytes`);
  }
  if (
    env.KILLSWITCH_STORE?.startsWith('redis+cluster:') &&
    !/\{[^}]+\}/.test(env.KILLSWITCH_KEY_PREFIX ?? '')
  ) {
    problems.push('KILLSWITCH_KEY_PREFIX must hold a hash tag on a cluster, such as {orchestrator}:');
  }
  if (!dev && env.KILLSWITCH_SECRET === undefined && env.KILLSWITCH_JWKS === undefined) {
    problems.push('set KILLSWITCH_SECRET (at least 32 bytes) or KILLSWITCH_JWKS, or use --dev');
  }
  if (env.KILLSWITCH_SECRET === undefined && env.KILLSWITCH_SECRET_PREVIOUS !== undefined) {
    problems.push('KILLSWITCH_SECRET_PREVIOUS needs KILLSWITCH_SECRET beside it');
  }
  return problems;
}

function unknownVariables(env: Environment): string[] {
  const ours = new Set([
    ...Object.keys(environmentSchema.shape),
    ...secretVariables.map(name => `${name}_FILE`),
  ]);
  return Object.keys(env)
    .filter(
      name =>
        name.startsWith('KILLSWITCH_') &&
        !ours.has(name) &&
        !ELSEWHERE.test(name) &&
        !platformVariable.test(name),
    )
    .sort();
}

function notesOn({ KILLSWITCH_QUARANTINE_TTL: ttl }: Environment): string[] {
  const asked = durationSchema.safeParse(ttl).data;
  return asked === undefined || !isTooShort(asked)
    ? []
    : [`KILLSWITCH_QUARANTINE_TTL=${ttl} is less than an hour: cleared worktrees are kept for an hour`];
}

/**
 * Reads the environment once.
 * @param environment as the process has it, `<name>_FILE` resolved to `<name>` already; a variable that is set to
 *   nothing counts as absent
 * @param options.hostname the machine's name, for records of this host
 * @param options.stateDirectory where none is set
 * @param options.dev no secret is needed: the caller makes a random one
 * @throws ConfigError that names every bad variable
 */
export function parseConfig(
  environment: Environment,
  {
    hostname,
    stateDirectory,
    dev = false,
  }: { readonly hostname: string; readonly stateDirectory: string; readonly dev?: boolean },
): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const env: Environment = {
    KILLSWITCH_HOST_ID: hostname,
    KILLSWITCH_STATE_DIR: stateDirectory,
    ...given,
  };
  const socket = env.KILLSWITCH_SOCKET ?? `${env.KILLSWITCH_STATE_DIR}/killswitch.sock`;

  const { data, error } = environmentSchema.safeParse(env);
  const single = (error?.issues ?? []).map(({ path, message }) => {
    const name = String(path[0]);
    return `${shown(name, env[name] ?? '')} ${message}`;
  });
  const problems = [...single, ...jointProblems(env, socket, dev)];
  if (!data || problems.length > 0) throw new ConfigError(problems);
  const { KILLSWITCH_SECRET: secret, KILLSWITCH_SECRET_PREVIOUS: previousSecret } = data;

  return {
    host: data.HOST,
    port: data.PORT,
    socket,
    stateDirectory: data.KILLSWITCH_STATE_DIR,
    store: data.KILLSWITCH_STORE,
    keyPrefix: data.KILLSWITCH_KEY_PREFIX,
    hostId: data.KILLSWITCH_HOST_ID,
    docker: {
      ...(data.DOCKER_HOST !== undefined && { host: data.DOCKER_HOST }),
      ...(data.DOCKER_CERT_PATH !== undefined && { certPath: data.DOCKER_CERT_PATH }),
      tlsVerify: data.DOCKER_TLS_VERIFY !== undefined,
      ...(data.DOCKER_CONFIG !== undefined && { clientDirectory: data.DOCKER_CONFIG }),
      ...(data.DOCKER_CONTEXT !== undefined && { context: data.DOCKER_CONTEXT }),
    },
    sandboxes: data.KILLSWITCH_SANDBOX,
    agentLabel: data.KILLSWITCH_AGENT_LABEL,
    agentVariable: data.KILLSWITCH_AGENT_VARIABLE,
    requireLabel: data.KILLSWITCH_REQUIRE_LABEL,
    discover: data.KILLSWITCH_DISCOVER,
    worktreeRoots: data.KILLSWITCH_WORKTREE_ROOTS,
    quarantineTtlMs: data.KILLSWITCH_QUARANTINE_TTL,
    ...(data.KILLSWITCH_QUARANTINE_MAX !== undefined && {
      quarantineMaxBytes: data.KILLSWITCH_QUARANTINE_MAX,
    }),
    evidence: data.KILLSWITCH_EVIDENCE,
    cleanupTimeoutMs: data.KILLSWITCH_CLEANUP_TIMEOUT,
    ...omitUndefined({ secret, previousSecret }),
    auditSecrets: data.KILLSWITCH_AUDIT_KEY ?? [secret, previousSecret].filter(one => one !== undefined),
    ...(data.KILLSWITCH_JWKS !== undefined && { jwks: data.KILLSWITCH_JWKS }),
    ...(data.KILLSWITCH_REVOKED !== undefined && { revoked: data.KILLSWITCH_REVOKED }),
    audience: data.KILLSWITCH_AUDIENCE,
    ...(data.KILLSWITCH_ISSUER !== undefined && { issuer: data.KILLSWITCH_ISSUER }),
    tokenMaxAgeMs: data.KILLSWITCH_TOKEN_MAX_AGE,
    publicUrls: data.KILLSWITCH_PUBLIC_URL,
    trustedProxies: data.KILLSWITCH_TRUSTED_PROXIES,
    sweep: data.KILLSWITCH_SWEEP,
    watchdogMs: data.KILLSWITCH_WATCHDOG,
    logLevel: data.KILLSWITCH_LOG_LEVEL,
    unknown: unknownVariables(env),
    notes: notesOn(env),
  };
}
