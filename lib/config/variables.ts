import * as z from 'zod';
import { secretSchema } from '../domain/secret.js';
import { discoverSchema } from './discover-schema.js';
import {
  agentVariableSchema,
  durationSchema,
  keySetSchema,
  matching,
  pathSchema,
  proxiesSchema,
  publicUrlSchema,
  sandboxSchema,
  secretsSchema,
  sizeSchema,
  storeSchema,
  tokenMaxAgeSchema,
  ttlSchema,
  worktreeRootsSchema,
} from './environment.js';

/**
 * Every variable of ours, as text in and as value out. A variable that is set to nothing counts as absent. The
 * descriptions, Markdown, and the defaults make the settings reference; `usual` says a default that is the machine's
 * and not the schema's.
 */
export const environmentSchema = z.object({
  HOST: matching(/^[A-Za-z0-9:][A-Za-z0-9.:_%-]*$/, 'must be an address or host name, such as 127.0.0.1')
    .prefault('127.0.0.1')
    .describe('The address to listen on.'),
  PORT: matching(/^\d{1,5}$/, 'must be a whole number from 0 to 65535')
    .transform(Number)
    .refine(port => port <= 65_535, 'must be a whole number from 0 to 65535')
    .prefault('8787')
    .describe('The port to listen on; `0` takes any free one.'),
  KILLSWITCH_SOCKET: pathSchema.optional().meta({
    usual: '`<state dir>/killswitch.sock`',
    description:
      'Absolute path of the second listener, a unix socket that a flood on the port cannot starve.',
  }),
  KILLSWITCH_STATE_DIR: pathSchema.meta({
    usual: '`/var/lib/killswitch` as root, else `$XDG_STATE_HOME/killswitch` (`~/.local/state/killswitch`)',
    description:
      'Absolute path of the folder with the embedded store, and with the journal of what a store that is down has yet to record.',
  }),
  KILLSWITCH_STORE: storeSchema
    .prefault('sqlite')
    .describe(
      'Where records are kept: `sqlite`, or `redis://…`, `rediss://…`, `redis+sentinel://host:port,…/name`, `redis+cluster://host:port,…`.',
    ),
  KILLSWITCH_KEY_PREFIX: matching(
    /^[A-Za-z0-9._:{}/-]{1,128}$/,
    'must have 1 to 128 characters of A-Z a-z 0-9 . _ : { } / -',
  )
    .prefault('orchestrator:')
    .describe(
      'What every key in the store begins with. On a cluster it needs a hash tag: `{orchestrator}:`.',
    ),
  KILLSWITCH_HOST_ID: matching(
    /^[A-Za-z0-9][A-Za-z0-9._:-]{0,254}$/,
    'must have 1 to 255 characters of A-Z a-z 0-9 . _ : - and start with a letter or digit',
  ).meta({
    usual: "the host's name",
    description:
      'The name of this host in records. Records of other hosts are left to their nodes; where several nodes share a store, a record without a host belongs to the one that sees its sandbox.',
  }),
  KILLSWITCH_SANDBOX: sandboxSchema
    .prefault('docker,process')
    .describe(
      'Where agents run: `docker`, `process`, both separated by a comma, or `none`, which switches sandboxing off.',
    ),
  KILLSWITCH_AGENT_LABEL: matching(
    /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/,
    'must be a label, such as killswitch.agent-id',
  )
    .prefault('killswitch.agent-id')
    .describe("The container label that must equal the agent's ID."),
  KILLSWITCH_AGENT_VARIABLE: agentVariableSchema
    .prefault('KILLSWITCH_AGENT_ID')
    .describe("The environment variable of a host process that must equal the agent's ID."),
  KILLSWITCH_REQUIRE_LABEL: z
    .enum(['true', 'false'], 'must be true or false')
    .transform(text => text === 'true')
    .prefault('true')
    .describe('`false` also stops a recorded container that has no such label.'),
  KILLSWITCH_DISCOVER: discoverSchema.default([]).meta({
    usual: 'none',
    description:
      'Whose agents become agents here by themselves, as soon as they are seen: `all`, or the names of detectors, such as `claude,codex`. They are then listed, held by the emergency stop and stopped like registered ones.',
  }),
  KILLSWITCH_WORKTREE_ROOTS: worktreeRootsSchema.default([]).meta({
    usual: 'none: worktrees are left alone',
    description: 'The directories that worktrees may be in, absolute and separated by `:`.',
  }),
  KILLSWITCH_QUARANTINE_TTL: ttlSchema
    .prefault('7d')
    .describe('How long a cleared worktree is kept: at least an hour, also where less is set.'),
  KILLSWITCH_QUARANTINE_MAX: sizeSchema.optional().meta({
    usual: 'none',
    description:
      'How much disk the quarantine and the evidence may take, such as `20G`: beyond it the oldest goes first.',
  }),
  KILLSWITCH_EVIDENCE: z
    .enum(['on', 'off'], 'must be on or off')
    .transform(text => text === 'on')
    .prefault('on')
    .describe('`off` keeps no logs and no description of containers.'),
  KILLSWITCH_CLEANUP_TIMEOUT: durationSchema
    .refine(ms => ms > 0, 'must be longer than 0')
    .prefault('30s')
    .describe(
      "How long removing a container's remains, or moving a worktree, may take before it is tried again.",
    ),
  KILLSWITCH_SECRET: secretSchema
    .optional()
    .describe(
      'The HS256 key for tokens, at least 32 bytes. This or `KILLSWITCH_JWKS` must be set, except with `serve --dev`.',
    ),
  KILLSWITCH_SECRET_PREVIOUS: secretSchema
    .optional()
    .describe('The key before it: still verifies, signs nothing.'),
  KILLSWITCH_AUDIT_KEY: secretsSchema.optional().meta({
    usual: 'derived from `KILLSWITCH_SECRET`; without that, a random one in `<state dir>/audit/key`',
    description:
      'What seals the audit: secrets of at least 32 bytes, separated by commas. The first signs, all verify. To change the key, put the new one before the old one, also when the old one was `KILLSWITCH_SECRET`. All servers of one store need the same.',
  }),
  KILLSWITCH_JWKS: keySetSchema
    .optional()
    .describe(
      'The key set for EdDSA, ES256 and RS256 tokens: a file, read again when it changes, or an https URL, cached so that a dead identity provider stops no stop.',
    ),
  KILLSWITCH_REVOKED: z.string().optional().meta({
    usual: 'none',
    description: 'The file of tokens and subjects that no longer count, read again when it changes.',
  }),
  KILLSWITCH_AUDIENCE: z.string().prefault('killswitch').describe('What `aud` of a token must be.'),
  KILLSWITCH_ISSUER: z
    .string()
    .optional()
    .meta({ usual: 'not checked', description: 'What `iss` of a token must be.' }),
  KILLSWITCH_TOKEN_MAX_AGE: tokenMaxAgeSchema.describe('The longest that a token may be good for.'),
  KILLSWITCH_PUBLIC_URL: publicUrlSchema.default([]).meta({
    usual: 'none: orders of a gateway can only stop',
    description: 'The URLs by which gateways call this server, separated by commas.',
  }),
  KILLSWITCH_TRUSTED_PROXIES: proxiesSchema.default([]).meta({
    usual: 'none',
    description:
      'Addresses and CIDR blocks of the reverse proxies whose `X-Forwarded-For` is believed, such as `10.0.0.5,fd00::/8`.',
  }),
  KILLSWITCH_SWEEP: z
    .enum(['off', 'observe', 'enforce'], 'must be off, observe or enforce')
    .prefault('off')
    .describe(
      'Once a minute, what ended agents left on this host: `observe` tells and counts it, `enforce` also ends it.',
    ),
  KILLSWITCH_WATCHDOG: durationSchema
    .prefault('10s')
    .describe(
      'A server whose event loop stands still for longer ends itself, so that its supervisor starts it again; `0`: off.',
    ),
  KILLSWITCH_LOG_LEVEL: z
    .enum(
      ['trace', 'debug', 'info', 'warn'],
      'must be trace, debug, info or warn (the audit is logged at warn)',
    )
    .prefault('info')
    .describe(
      'The least important lines that are written: `trace`, `debug`, `info` or `warn`. The audit is logged at `warn`.',
    ),
  DOCKER_HOST: matching(
    /^(unix:\/\/\/|(tcp|https?|ssh):\/\/[^\s/])\S*$/,
    'must start with unix:///, tcp:// or ssh://',
  )
    .optional()
    .meta({
      usual: 'as the Docker CLI',
      description: 'The engine: `unix:///…`, `tcp://…` (with TLS) or `ssh://…`.',
    }),
  DOCKER_CONTEXT: z.string().optional().meta({
    usual: 'as the Docker CLI',
    description: "The context of the Docker CLI that names the engine. Docker Desktop's socket is found too.",
  }),
  DOCKER_CONFIG: z.string().optional().meta({
    usual: '`~/.docker`',
    description: 'The folder of the Docker CLI with its contexts.',
  }),
  DOCKER_CERT_PATH: z.string().optional().meta({
    usual: 'as the Docker CLI',
    description: 'The folder with `ca.pem`, `cert.pem` and `key.pem` for an engine over TLS.',
  }),
  DOCKER_TLS_VERIFY: z.string().optional().meta({
    usual: 'not set',
    description: "Set to anything: `tcp://` uses TLS. Under TLS the engine's certificate is always verified.",
  }),
});
