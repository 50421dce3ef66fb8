import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { tokenMaxAgeSchema } from '../../lib/config/environment.js';
import { type Scope, scopes, type Within } from '../../lib/domain/actor.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';
import { urlFrom } from './connect.js';
import { audienceOf, cliSubject, type Environment, secretOf } from './credential.js';
import { agentId, duration, httpUrl } from './options.js';
import { print, printJson, UsageError } from './output.js';
import { addRevoke } from './revoke.js';

interface Options {
  readonly scope?: Scope[];
  readonly sub?: string;
  readonly agent?: string;
  readonly task?: string;
  readonly host?: string;
  readonly ttl: number;
  readonly once?: true;
  readonly link?: true;
  readonly url?: string;
  readonly audience?: string;
  readonly privateKey?: string;
  readonly json?: true;
}

export function addToken(program: Command): void {
  const token = program.command('token').enablePositionalOptions();
  addRevoke(token);
  token
    .description('make a token, signed with KILLSWITCH_SECRET or with a private key')
    .addOption(new Option('--scope <scope...>', 'what it allows').choices(scopes))
    .option('--sub <subject>', 'who it is for, for the audit')
    .option('--agent <id>', 'valid for this agent only', agentId)
    .option('--task <id>', 'valid for agents of this task only')
    .option('--host <id>', 'valid for agents of this host only')
    .option('--ttl <duration>', 'how long it is valid', duration, duration('1h'))
    .option('--once', 'valid for one use')
    .option(
      '--link',
      'print a link to a page with one button, which stops the agent (needs --once and --agent)',
    )
    .option(
      '--url <url>',
      'the server that the link opens (default: KILLSWITCH_URL, or HOST and PORT)',
      httpUrl,
    )
    .option('--audience <name>', 'the service that it is for (default: KILLSWITCH_AUDIENCE, or killswitch)')
    .option(
      '--private-key <file>',
      'sign with this private JWK; the server needs its public half in KILLSWITCH_JWKS',
    )
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const { agent, task, host, ttl, once, audience, privateKey, json } = options;
      const { scope, sub } = grantFrom(options);
      const { environment, mintToken } = await import('../node.js');
      const env = environment();
      checkLifetime(ttl, env);
      const token = await mintToken({
        ...signer(env, privateKey),
        ...audienceOf(env),
        ...(audience !== undefined && { audience }),
        subject: sub,
        scopes: [...new Set(scope)],
        within: omitUndefined<Within>({ agentId: agent, taskId: task, host }),
        ttlSeconds: ttl,
        ...(once && { once }),
      });
      const link = options.link && linkFor(options.url || env['KILLSWITCH_URL'] || urlFrom(env), token);
      if (json) printJson({ token, ...(link && { link }), jti: idOf(token), expiresInSeconds: ttl });
      else print(link ?? token);
    });
}

/** @throws UsageError if the lifetime exceeds what servers accept */
function checkLifetime(seconds: number, env: Environment): void {
  const text = env['KILLSWITCH_TOKEN_MAX_AGE'] || undefined;
  const { data, error } = tokenMaxAgeSchema.safeParse(text);
  if (error) throw new UsageError(`KILLSWITCH_TOKEN_MAX_AGE ${error.issues[0]?.message}.`);
  if (seconds * 1000 <= data) return;
  throw new UsageError(
    `The lifetime is longer than servers allow (${text ?? '400d'}): use a shorter --ttl, or raise KILLSWITCH_TOKEN_MAX_AGE there and here.`,
  );
}

/** The scopes and the subject of the token. A link may only kill. */
function grantFrom({ scope, sub, link, once, agent }: Options): { scope: Scope[]; sub: string } {
  if (link) {
    if (!once || agent === undefined) throw new UsageError('A link needs --once and --agent <id>.');
    if (scope?.some(one => one !== 'agents:kill'))
      throw new UsageError('A link can only have the scope agents:kill.');
    return { scope: ['agents:kill'], sub: sub ?? cliSubject() };
  }
  if (!scope) throw new UsageError("required option '--scope <scope...>' not specified");
  if (sub === undefined) throw new UsageError("required option '--sub <subject>' not specified");
  return { scope, sub };
}

/** The ID by which the token can be revoked. */
const idOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti;

const linkFor = (url: string, token: string): string => `${url.replace(/\/+$/, '')}/links/${token}`;

function signer(env: Environment, privateKey: string | undefined) {
  if (privateKey !== undefined) return { privateJwk: readJwk(privateKey) };
  const secret = secretOf(env, 'KILLSWITCH_SECRET');
  if (secret !== undefined) return { secret };
  throw new Error('No signing key: set KILLSWITCH_SECRET or KILLSWITCH_SECRET_FILE, or use --private-key.');
}

function readJwk(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Error('The private key file cannot be read.', { cause });
  }
  try {
    return { ...JSON.parse(text) };
  } catch (cause) {
    throw new Error('The private key file must hold a JWK in JSON.', { cause });
  }
}
