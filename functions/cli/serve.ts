import type { Command } from 'commander';
import { scopes } from '../../lib/command.js';
import type { Server } from '../start.js';
import { cliSubject } from './credential.js';
import { UsageError, warn } from './output.js';

const DEV_TOKEN_HOURS = 12;

interface Options {
  readonly dev?: true;
  readonly functions?: readonly string[];
  readonly json?: true;
}

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('serve the HTTP API, until SIGTERM or SIGINT')
    .option('--dev', 'with a random secret if none is set, and a token to paste')
    .option('--functions <names>', 'only these, separated by commas (default: all)', text => text.split(','))
    .option('--json', 'what --dev prints, as JSON')
    .action(async ({ dev, functions, json }: Options) => {
      const [{ environment, mintToken }, { main }, { catalogue, named }] = await Promise.all([
        import('../node.js'),
        import('../start.js'),
        import('../catalogue.js'),
      ]);
      const chosen = functions ? known(() => named(functions)) : catalogue;
      const env = environment();
      const hasKey = env['KILLSWITCH_SECRET'] || env['KILLSWITCH_SECRET_FILE'] || env['KILLSWITCH_JWKS'];
      const announce = async (server: Server): Promise<void> => {
        const { secret, audience, issuer } = server.config;
        if (secret === undefined) return;
        const token = await mintToken({
          secret,
          audience,
          ...(issuer !== undefined && { issuer }),
          subject: cliSubject(),
          scopes,
          ttlSeconds: DEV_TOKEN_HOURS * 3_600,
        });
        warn(json ? JSON.stringify({ url: server.url, token }) : welcome(server.url, token));
      };
      await main(chosen, { dev: dev === true, ...(dev && !hasKey ? { announce } : {}) });
    });
}

function known<T>(choose: () => T): T {
  try {
    return choose();
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${error.message}.`);
    throw error;
  }
}

const welcome = (url: string, token: string): string =>
  [
    `killswitch listens at ${url}, with a secret for this run alone.`,
    `A token with every right, good for ${DEV_TOKEN_HOURS} hours:`,
    '',
    `  export KILLSWITCH_URL=${url} KILLSWITCH_TOKEN=${token}`,
    `  curl -H "Authorization: Bearer $KILLSWITCH_TOKEN" $KILLSWITCH_URL/agents`,
    '',
  ].join('\n');
