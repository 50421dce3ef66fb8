import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../lib/config/config.js';
import { allOf, ConfigError } from '../../../lib/config/config-error.js';

const SECRET = 'x'.repeat(32);
type Environment = Readonly<Record<string, string | undefined>>;

const parse = (env: Environment, options = {}) =>
  parseConfig(
    { KILLSWITCH_SECRET: SECRET, ...env },
    {
      hostname: 'machine',
      stateDirectory: '/var/lib/killswitch',
      ...options,
    },
  );

function problemsOf(env: Environment, options = {}): readonly string[] {
  try {
    parse(env, options);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const defaults = {
  host: '127.0.0.1',
  port: 8787,
  socket: '/var/lib/killswitch/killswitch.sock',
  stateDirectory: '/var/lib/killswitch',
  store: { kind: 'sqlite' },
  keyPrefix: 'orchestrator:',
  hostId: 'machine',
  docker: { tlsVerify: false },
  sandboxes: { docker: true, process: true },
  agentLabel: 'killswitch.agent-id',
  agentVariable: 'KILLSWITCH_AGENT_ID',
  requireLabel: true,
  discover: [],
  worktreeRoots: [],
  quarantineTtlMs: 7 * 24 * 3600 * 1000,
  evidence: true,
  cleanupTimeoutMs: 30_000,
  secret: SECRET,
  auditSecrets: [SECRET],
  audience: 'killswitch',
  tokenMaxAgeMs: 400 * 24 * 3600 * 1000,
  publicUrls: [],
  trustedProxies: [],
  sweep: 'off',
  watchdogMs: 10_000,
  logLevel: 'info',
  unknown: [],
  notes: [],
};

/** What becomes of a time to live that is too short. */
const kept = (ttl: string): [Environment, object] => [
  { KILLSWITCH_QUARANTINE_TTL: ttl },
  {
    quarantineTtlMs: 3_600_000,
    notes: [`KILLSWITCH_QUARANTINE_TTL=${ttl} is less than an hour: cleared worktrees are kept for an hour`],
  },
];

describe('a configuration', () => {
  it('has the defaults with nothing but a secret', () => {
    expect(parse({})).toStrictEqual(defaults);
  });

  it('seals the audit with the keys for it, or else with the secret, or with none of the settings', () => {
    const [one, two] = ['1'.repeat(32), '2'.repeat(32)];
    expect(parse({ KILLSWITCH_AUDIT_KEY: `${one}, ${two}` }).auditSecrets).toEqual([one, two]);
    expect(parse({ KILLSWITCH_SECRET: '' }, { dev: true }).auditSecrets).toEqual([]);
    expect(problemsOf({ KILLSWITCH_AUDIT_KEY: `${one},short` })).toEqual([
      'KILLSWITCH_AUDIT_KEY must have at least 32 bytes, such as from: openssl rand -base64 32',
    ]);
  });

  it('takes a previous secret for tokens, which seals nothing new', () => {
    const old = '2'.repeat(32);
    expect(parse({ KILLSWITCH_SECRET_PREVIOUS: old })).toMatchObject({
      secret: SECRET,
      previousSecret: old,
      auditSecrets: [SECRET, old],
    });
    expect(problemsOf({ KILLSWITCH_SECRET_PREVIOUS: 'short' })).toEqual([
      'KILLSWITCH_SECRET_PREVIOUS must have at least 32 bytes, such as from: openssl rand -base64 32',
    ]);
    const alone = { KILLSWITCH_SECRET: '', KILLSWITCH_JWKS: '/keys', KILLSWITCH_SECRET_PREVIOUS: old };
    expect(problemsOf(alone)).toEqual(['KILLSWITCH_SECRET_PREVIOUS needs KILLSWITCH_SECRET beside it']);
  });

  it('knows whose agents become agents by themselves, and names the detectors where one is unknown', () => {
    expect(parse({ KILLSWITCH_DISCOVER: 'claude, codex' }).discover).toEqual(['claude', 'codex']);
    expect(parse({ KILLSWITCH_DISCOVER: 'all' }).discover).toContain('gemini');
    for (const odd of ['claud', 'all,claude', 'claude-squad']) {
      expect(problemsOf({ KILLSWITCH_DISCOVER: odd })).toEqual([
        expect.stringMatching(/must be all, or names of detectors separated by commas: claude, codex, /),
      ]);
    }
  });

  it('bounds the lifetime of tokens', () => {
    expect(parse({ KILLSWITCH_TOKEN_MAX_AGE: '12h' }).tokenMaxAgeMs).toBe(12 * 3600 * 1000);
    expect(problemsOf({ KILLSWITCH_TOKEN_MAX_AGE: '0' })).toEqual([
      'KILLSWITCH_TOKEN_MAX_AGE="0" must be longer than 0',
    ]);
  });

  it('knows the URLs by which gateways call the server', () => {
    const text = 'https://a.example, http://127.0.0.1:8787/';
    expect(parse({ KILLSWITCH_PUBLIC_URL: text }).publicUrls).toEqual([
      'https://a.example',
      'http://127.0.0.1:8787',
    ]);
    for (const odd of [
      'http://a.example',
      'https://a.example/x',
      'a',
      'https://a.example?x',
      'https://a.example,',
    ]) {
      expect(problemsOf({ KILLSWITCH_PUBLIC_URL: odd })).toEqual([
        expect.stringContaining('must be the URL by which gateways call this server'),
      ]);
    }
  });

  it('has the defaults where a variable is set to nothing', () => {
    const names = ['HOST', 'PORT', 'DOCKER_HOST', 'DOCKER_TLS_VERIFY', 'KILLSWITCH_STORE', 'KILLSWITCH_JWKS'];
    const ours = [
      'SOCKET',
      'STATE_DIR',
      'AGENT_VARIABLE',
      'KEY_PREFIX',
      'HOST_ID',
      'SANDBOX',
      'REQUIRE_LABEL',
      'WORKTREE_ROOTS',
    ];
    const empty = [...names, ...ours.map(name => `KILLSWITCH_${name}`)].map(name => [name, '']);
    expect(parse(Object.fromEntries(empty))).toStrictEqual(defaults);
  });

  it.each<[Environment, object]>([
    [
      { HOST: '::1', PORT: '0' },
      { host: '::1', port: 0 },
    ],
    [
      { HOST: 'localhost', PORT: '65535' },
      { host: 'localhost', port: 65_535 },
    ],
    [
      { KILLSWITCH_STATE_DIR: '/var/lib/ks' },
      { socket: '/var/lib/ks/killswitch.sock', stateDirectory: '/var/lib/ks' },
    ],
    [{ KILLSWITCH_SOCKET: '/run/ks.sock' }, { socket: '/run/ks.sock' }],
    [{ KILLSWITCH_STORE: 'sqlite' }, { store: { kind: 'sqlite' } }],
    ...[
      'redis://127.0.0.1:6379/2',
      'rediss://user:password@valkey.example',
      'redis+sentinel://s1:26379,s2:26379/mymaster',
    ].map((url): [Environment, object] => [{ KILLSWITCH_STORE: url }, { store: { kind: 'valkey', url } }]),
    [
      { KILLSWITCH_STORE: 'redis+cluster://n1:7000,n2:7000', KILLSWITCH_KEY_PREFIX: '{orchestrator}:' },
      { store: { kind: 'valkey', url: 'redis+cluster://n1:7000,n2:7000' }, keyPrefix: '{orchestrator}:' },
    ],
    [{ KILLSWITCH_HOST_ID: 'h1.example' }, { hostId: 'h1.example' }],
    [
      { DOCKER_HOST: 'unix:///run/docker.sock' },
      { docker: { host: 'unix:///run/docker.sock', tlsVerify: false } },
    ],
    [
      { DOCKER_HOST: 'tcp://10.0.0.1:2376', DOCKER_CERT_PATH: '/certs', DOCKER_TLS_VERIFY: '1' },
      { docker: { host: 'tcp://10.0.0.1:2376', certPath: '/certs', tlsVerify: true } },
    ],
    [
      { DOCKER_CONFIG: '/home/me/.docker', DOCKER_CONTEXT: 'far' },
      { docker: { tlsVerify: false, clientDirectory: '/home/me/.docker', context: 'far' } },
    ],
    [{ DOCKER_HOST: 'ssh://me@machine' }, { docker: { host: 'ssh://me@machine', tlsVerify: false } }],
    [{ KILLSWITCH_SANDBOX: 'none' }, { sandboxes: { docker: false, process: false } }],
    [{ KILLSWITCH_SANDBOX: 'docker' }, { sandboxes: { docker: true, process: false } }],
    [{ KILLSWITCH_SANDBOX: 'process,docker' }, { sandboxes: { docker: true, process: true } }],
    [{ KILLSWITCH_AGENT_LABEL: 'com.example/agent_id' }, { agentLabel: 'com.example/agent_id' }],
    [{ KILLSWITCH_AGENT_VARIABLE: 'WORKER_ID' }, { agentVariable: 'WORKER_ID' }],
    [{ KILLSWITCH_REQUIRE_LABEL: 'false' }, { requireLabel: false }],
    [{ KILLSWITCH_REQUIRE_LABEL: 'true' }, { requireLabel: true }],
    [{ KILLSWITCH_WORKTREE_ROOTS: '/srv/w/:/srv/.x:/srv/w' }, { worktreeRoots: ['/srv/w', '/srv/.x'] }],
    ...['0', '45s', '59m'].map(kept),
    [{ KILLSWITCH_QUARANTINE_TTL: '60m' }, { quarantineTtlMs: 3_600_000, notes: [] }],
    [{ KILLSWITCH_QUARANTINE_TTL: '61m' }, { quarantineTtlMs: 3_660_000 }],
    [{ KILLSWITCH_QUARANTINE_TTL: '12h' }, { quarantineTtlMs: 43_200_000 }],
    [{ KILLSWITCH_QUARANTINE_TTL: '2d' }, { quarantineTtlMs: 172_800_000 }],
    [{ KILLSWITCH_QUARANTINE_MAX: '64K' }, { quarantineMaxBytes: 65_536 }],
    [{ KILLSWITCH_QUARANTINE_MAX: '500M' }, { quarantineMaxBytes: 524_288_000 }],
    [{ KILLSWITCH_QUARANTINE_MAX: '20G' }, { quarantineMaxBytes: 21_474_836_480 }],
    [{ KILLSWITCH_QUARANTINE_MAX: '1T' }, { quarantineMaxBytes: 1_099_511_627_776 }],
    [{ KILLSWITCH_EVIDENCE: 'off' }, { evidence: false }],
    [{ KILLSWITCH_EVIDENCE: 'on' }, { evidence: true }],
    [{ KILLSWITCH_CLEANUP_TIMEOUT: '5s' }, { cleanupTimeoutMs: 5000 }],
    [{ KILLSWITCH_SWEEP: 'enforce' }, { sweep: 'enforce' }],
    [{ KILLSWITCH_WATCHDOG: '1m' }, { watchdogMs: 60_000 }],
    [{ KILLSWITCH_WATCHDOG: '0' }, { watchdogMs: 0 }],
    [{ KILLSWITCH_JWKS: '/etc/keys.json' }, { jwks: { file: '/etc/keys.json' } }],
    [{ KILLSWITCH_JWKS: 'keys.json' }, { jwks: { file: 'keys.json' } }],
    [{ KILLSWITCH_JWKS: 'https://id.example/keys' }, { jwks: { url: 'https://id.example/keys' } }],
    ...['http://localhost:8080/k', 'http://127.0.0.1/k', 'http://[::1]/k'].map(
      (url): [Environment, object] => [{ KILLSWITCH_JWKS: url }, { jwks: { url } }],
    ),
    [{ KILLSWITCH_REVOKED: '/etc/revoked' }, { revoked: '/etc/revoked' }],
    [{ KILLSWITCH_AUDIENCE: 'stop' }, { audience: 'stop' }],
    [{ KILLSWITCH_ISSUER: 'https://id.example' }, { issuer: 'https://id.example' }],
    [
      { KILLSWITCH_TRUSTED_PROXIES: '10.0.0.5, 192.168.0.0/16,fd00::/8,::1' },
      { trustedProxies: ['10.0.0.5', '192.168.0.0/16', 'fd00::/8', '::1'] },
    ],
    [{ KILLSWITCH_LOG_LEVEL: 'debug' }, { logLevel: 'debug' }],
  ])('reads %o', (env, expected) => {
    expect(parse(env)).toStrictEqual({ ...defaults, ...expected });
  });

  it('counts the bytes of a secret, not its characters', () => {
    expect(parse({ KILLSWITCH_SECRET: 'ü'.repeat(16) }).secret).toBe('ü'.repeat(16));
  });

  it('needs no secret beside a key set, nor for development', () => {
    const none = { KILLSWITCH_SECRET: undefined };
    expect(parse({ ...none, KILLSWITCH_JWKS: 'keys.json' })).not.toHaveProperty('secret');
    expect(parse(none, { dev: true })).not.toHaveProperty('secret');
  });

  it('names the variables that look like ours and are none', () => {
    const ours = { KILLSWITCH_SECRET_FILE: 'f', KILLSWITCH_STORE_FILE: 'f', PATH: '/bin' };
    const elsewhere = {
      KILLSWITCH_SLACK_SIGNING_SECRET: 's',
      KILLSWITCH_NOTIFY_URL: 'u',
      KILLSWITCH_URL: 'u',
      KILLSWITCH_CONFIG: 'c',
      KILLSWITCH_TOKEN: 't',
      KILLSWITCH_AGENT_ID: 'a1',
    };
    const misspelt = {
      KILLSWITCH_SANDBOXES: 'none',
      KILLSWITCH_PORT: '1',
      KILLSWITCH_URLS: 'x',
      KILLSWITCH_JWKS_FILE: 'x',
    };
    expect(parse({ ...ours, ...elsewhere, ...misspelt }).unknown).toEqual(Object.keys(misspelt).sort());
  });
});

const bad = (name: string, right: RegExp, ...values: readonly string[]) =>
  values.map((value): [string, string, RegExp] => [name, value, right]);

describe('a bad value is named with what would be right', () => {
  it.each([
    ...bad('HOST', /address or host name/, 'http://x', '[::1]', 'a b'),
    ...bad('PORT', /0 to 65535/, '80a', '-1', '65536', '1.5', '0x10', '123456'),
    ...bad('DOCKER_HOST', /unix:\/\/\/, tcp:\/\/ or ssh:\/\//, '/run/docker.sock', 'unix://run'),
    ...bad('KILLSWITCH_SOCKET', /at most 103 bytes/, `/run/${'x'.repeat(99)}`),
    ...bad('KILLSWITCH_STORE', /must be sqlite, or start with redis:/, 'mysql://h', 'redis://', 'redis:h'),
    ...bad('KILLSWITCH_STORE', /must be sqlite, or start with redis:/, 'sqlite:x', 'redis+sentinel:///x'),
    ...bad('KILLSWITCH_KEY_PREFIX', /1 to 128 characters/, 'a b', 'a*', 'x'.repeat(129)),
    ...bad('KILLSWITCH_HOST_ID', /1 to 255 characters/, 'a/b', '-a'),
    ...bad('KILLSWITCH_SANDBOX', /docker,process or none/, 'vm', 'none,docker', 'docker,', 'Docker'),
    ...bad('KILLSWITCH_AGENT_LABEL', /such as killswitch.agent-id/, 'a=b'),
    ...bad('KILLSWITCH_AGENT_VARIABLE', /such as KILLSWITCH_AGENT_ID/, '1A', 'A-B', 'A B', 'a=b', 'ä'),
    ...bad('KILLSWITCH_AGENT_VARIABLE', /agents alone have/, 'USER', 'PATH', 'XDG_SESSION_ID', 'LC_ALL'),
    ...bad('KILLSWITCH_AGENT_VARIABLE', /agents alone have/, 'KILLSWITCH_SECRET', 'KILLSWITCH_TOKEN'),
    ...bad('KILLSWITCH_STATE_DIR', /must be an absolute path/, '.killswitch', './state', '~/state'),
    ...bad('KILLSWITCH_SOCKET', /must be an absolute path/, 'killswitch.sock'),
    ...bad('KILLSWITCH_REQUIRE_LABEL', /true or false/, 'no', '0', 'FALSE'),
    ...bad('KILLSWITCH_WORKTREE_ROOTS', /must be absolute/, '/', 'srv', '/srv/..', '/srv/./w', '/srv//w'),
    ...bad('KILLSWITCH_WORKTREE_ROOTS', /must be absolute/, '/a:', ':/a', '/a::/b', '/a:b'),
    ...bad(
      'KILLSWITCH_QUARANTINE_TTL',
      /7d, 12h, 30m, 45s, or 0/,
      '7',
      '7 d',
      '1w',
      '-1d',
      '1.5h',
      '9999999d',
    ),
    ...bad('KILLSWITCH_QUARANTINE_MAX', /500M, 20G or 1T/, '20', '20GB', '1.5G', '-1G', '20g', '1234567G'),
    ...bad('KILLSWITCH_EVIDENCE', /must be on or off/, 'yes', 'true'),
    ...bad('KILLSWITCH_CLEANUP_TIMEOUT', /7d, 12h, 30m, 45s/, 'soon'),
    ...bad('KILLSWITCH_CLEANUP_TIMEOUT', /longer than 0/, '0'),
    ...bad('KILLSWITCH_WATCHDOG', /7d, 12h, 30m, 45s/, 'off'),
    ...bad('KILLSWITCH_SECRET', /at least 32 bytes/, '12345', '-----BEGIN PUBLIC KEY-----'),
    ...bad('KILLSWITCH_SECRET', /not a public key/, `-----BEGIN PUBLIC KEY-----\n${SECRET}`),
    ...bad('KILLSWITCH_SECRET', /not a public key/, `-----BEGIN CERTIFICATE-----\n${SECRET}`),
    ...bad(
      'KILLSWITCH_JWKS',
      /path of a file or an https:/,
      'http://id.example/k',
      'https://me:x@id.example/k',
    ),
    ...bad(
      'KILLSWITCH_TRUSTED_PROXIES',
      /addresses or CIDR/,
      'proxy',
      '10.0.0',
      '10.0.0.0/33',
      '::1,',
      'fd00::/129',
    ),
    ...bad('KILLSWITCH_JWKS', /path of a file or an https:/, 'file:///k', 'ftp://h/k', 'https://'),
    ...bad('KILLSWITCH_LOG_LEVEL', /trace, debug, info or warn/, 'error'),
  ])('%s=%s', (name, value, right) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name}\\b`));
    expect(problems[0]).toMatch(right);
  });

  it('when the name of the machine is none that we can use', () => {
    expect(problemsOf({}, { hostname: 'a b' })).toEqual([
      expect.stringMatching(/^KILLSWITCH_HOST_ID="a b" must/),
    ]);
  });

  it('when the state directory makes the path of the socket too long', () => {
    const [problem] = problemsOf({ KILLSWITCH_STATE_DIR: `/${'x'.repeat(90)}` });
    expect(problem).toMatch(/^KILLSWITCH_SOCKET=.* at most 103 bytes$/);
  });

  it('when a cluster gets keys without a hash tag', () => {
    const env = { KILLSWITCH_STORE: 'redis+cluster://n1' };
    for (const prefix of [undefined, 'a:', '{}:']) {
      const problems = problemsOf({ ...env, KILLSWITCH_KEY_PREFIX: prefix });
      expect(problems).toEqual([
        'KILLSWITCH_KEY_PREFIX must hold a hash tag on a cluster, such as {orchestrator}:',
      ]);
    }
  });

  it('when there is neither a secret nor a key set', () => {
    const problem = 'set KILLSWITCH_SECRET (at least 32 bytes) or KILLSWITCH_JWKS, or use --dev';
    for (const none of [undefined, '']) expect(problemsOf({ KILLSWITCH_SECRET: none })).toEqual([problem]);
  });

  it('together with every other one, in one message', () => {
    const env = {
      PORT: 'x',
      KILLSWITCH_SANDBOX: 'vm',
      KILLSWITCH_STORE: 'redis+cluster://n1',
      KILLSWITCH_SECRET: 'short',
    };
    const problems = problemsOf(env);
    expect(problems.map(problem => problem.split(/[= ]/)[0])).toEqual([
      'PORT',
      'KILLSWITCH_SANDBOX',
      'KILLSWITCH_SECRET',
      'KILLSWITCH_KEY_PREFIX',
    ]);
    expect(() => parse(env)).toThrow(`The configuration is not valid:\n- ${problems.join('\n- ')}`);
  });

  it('without showing what may hold a secret', () => {
    const hidden = 'hunter2';
    const names = ['KILLSWITCH_SECRET', 'KILLSWITCH_STORE', 'KILLSWITCH_JWKS', 'DOCKER_HOST'];
    const problems = problemsOf(Object.fromEntries(names.map(name => [name, `x://me:${hidden}@h`])));
    expect(problems).toHaveLength(names.length);
    expect(problems.join()).not.toContain(hidden);
    expect(problemsOf({ PORT: 'eighty' })[0]).toMatch(/^PORT="eighty" must/);
  });
});

describe('several readings of the settings', () => {
  const wrong =
    (...problems: string[]) =>
    () => {
      throw new ConfigError(problems);
    };

  it('give what each of them gives', () => {
    expect(allOf([() => 1, () => 'two', () => undefined])).toEqual([1, 'two', undefined]);
  });

  it('are reported together, each problem once', () => {
    const reading = () => allOf([wrong('a', 'b'), () => 1, wrong('b', 'c')]);
    expect(reading).toThrow(new ConfigError(['a', 'b', 'c']));
  });

  it('hide no error of another kind', () => {
    const broken = () => {
      throw new TypeError('broken');
    };
    expect(() => allOf([wrong('a'), broken])).toThrow(new TypeError('broken'));
  });
});
