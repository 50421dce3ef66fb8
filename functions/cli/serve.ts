import type { Command } from 'commander';
import { scopes } from '../../lib/domain/actor.js';
import type { Server } from '../server/start.js';
import { cliSubject } from './credential.js';
import { UsageError, warn } from './output.js';

const DEV_TOKEN_SECONDS = 12 * 3_600;

interface Options {
  readonly dev?: true;
  readonly functions?: readonly string[];
  readonly json?: true;
}

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('serve the HTTP API, until SIGTERM or SIGINT')
    .option('--dev', 'for development: make a random secret if no key is set, and print a token to paste')
    .option('--functions <names>', 'serve only these functions, separated by commas (default: all)', text =>
      text.split(','),
    )
    .option('--json', 'print what --dev prints as JSON')
    .action(async ({ dev, functions, json }: Options) => {
      const [{ main }, { catalogue, named }] = await Promise.all([
        import('../server/start.js'),
        import('../catalogue.js'),
      ]);
      const chosen = functions ? usageErrorUnlessKnown(() => named(functions)) : catalogue;
      const announce = (server: Server) => announceToken(server, json);
      await main(chosen, { dev: dev === true, ...(dev && { announce }) });
    });
}

/** Prints a token to paste, if the server has a secret to sign it with. */
async function announceToken({ url, config }: Server, json: true | undefined): Promise<void> {
  const { secret, audience, issuer, tokenMaxAgeMs } = config;
  if (secret === undefined) {
    warn(
      'killswitch: No token was made, because the server only trusts the keys of KILLSWITCH_JWKS. Make one with "killswitch token --private-key".',
    );
    return;
  }
  const { mintToken } = await import('../node.js');
  const ttlSeconds = Math.min(DEV_TOKEN_SECONDS, Math.floor(tokenMaxAgeMs / 1_000));
  const token = await mintToken({
    ...{ secret, audience, scopes, ttlSeconds, subject: cliSubject() },
    ...(issuer !== undefined && { issuer }),
  });
  warn(json ? JSON.stringify({ url, token }) : welcome(url, token, ttlSeconds));
}

function usageErrorUnlessKnown<T>(choose: () => T): T {
  try {
    return choose();
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${error.message}.`);
    throw error;
  }
}

const welcome = (url: string, token: string, seconds: number): string =>
  [
    `killswitch listens at ${url}, for development.`,
    `A token with every scope, valid for ${Math.round(seconds / 60)} minutes:`,
    '',
    `  export KILLSWITCH_URL=${url} KILLSWITCH_TOKEN=${token}`,
    `  curl -H "Authorization: Bearer $KILLSWITCH_TOKEN" $KILLSWITCH_URL/agents`,
    '',
  ].join('\n');
