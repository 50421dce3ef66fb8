import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { type Scope, scopes, type Within } from '../../lib/command.js';
import { present } from '../../lib/present.js';
import { audienceOf, type Environment, secretOf } from './credential.js';
import { agentId, duration } from './options.js';
import { say, sayJson } from './output.js';

interface Options {
  readonly scope: Scope[];
  readonly sub: string;
  readonly agent?: string;
  readonly task?: string;
  readonly host?: string;
  readonly ttl: number;
  readonly once?: true;
  readonly audience?: string;
  readonly privateKey?: string;
  readonly json?: true;
}

export function addToken(program: Command): void {
  program
    .command('token')
    .description('make a token for somebody, signed with KILLSWITCH_SECRET or with a private key')
    .addOption(new Option('--scope <scope...>', 'what it allows').choices(scopes).makeOptionMandatory())
    .requiredOption('--sub <subject>', 'whom it names, for the audit')
    .option('--agent <id>', 'good for this agent alone', agentId)
    .option('--task <id>', 'good for agents of this task alone')
    .option('--host <id>', 'good for agents of this host alone')
    .option('--ttl <duration>', 'how long it is good', duration, duration('1h'))
    .option('--once', 'good for one use')
    .option('--audience <name>', 'for which service (default: KILLSWITCH_AUDIENCE, or killswitch)')
    .option(
      '--private-key <file>',
      'sign with this private JWK; the server has its public half in KILLSWITCH_JWKS',
    )
    .option('--json', 'print JSON')
    .action(async ({ scope, sub, agent, task, host, ttl, once, audience, privateKey, json }: Options) => {
      const { environment, mintToken } = await import('../node.js');
      const env = environment();
      const token = await mintToken({
        ...signer(env, privateKey),
        ...audienceOf(env),
        ...(audience !== undefined && { audience }),
        subject: sub,
        scopes: [...new Set(scope)],
        within: present<Within>({ agentId: agent, taskId: task, host }),
        ttlSeconds: ttl,
        ...(once && { once }),
      });
      if (json) sayJson({ token, expiresInSeconds: ttl });
      else say(token);
    });
}

function signer(env: Environment, privateKey: string | undefined) {
  if (privateKey !== undefined) return { privateJwk: readJwk(privateKey) };
  const secret = secretOf(env, 'KILLSWITCH_SECRET');
  if (secret !== undefined) return { secret };
  throw new Error(
    'Nothing to sign with: set KILLSWITCH_SECRET or KILLSWITCH_SECRET_FILE, or use --private-key.',
  );
}

function readJwk(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Error('The file of the private key cannot be read.', { cause });
  }
  try {
    return { ...JSON.parse(text) };
  } catch (cause) {
    throw new Error('The file of the private key does not hold a JWK, which is JSON.', { cause });
  }
}
