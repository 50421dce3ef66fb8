import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { Scope, Within } from '../../lib/domain/actor.js';

export type Environment = Readonly<Record<string, string | undefined>>;

const OWN_TOKEN_SECONDS = 60;

/** A variable's value, or that of the file which `<name>_FILE` names. */
export function secretOf(env: Environment, name: string): string | undefined {
  const path = env[`${name}_FILE`];
  if (!path) return env[name] || undefined;
  if (env[name]) throw new Error(`Set ${name} or ${name}_FILE, not both.`);
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    throw new Error(`${name}_FILE names a file that cannot be read.`, { cause });
  }
}

export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user without an entry in the password file.
    return `uid-${process.getuid?.()}`;
  }
}

/** Whom the tokens name that the command line makes for itself. */
export const cliSubject = (): string => `cli:${userName()}`;

/** What a token of the server's own has to carry, by the environment that both share. */
export const audienceOf = (env: Environment) => ({
  audience: env['KILLSWITCH_AUDIENCE'] || 'killswitch',
  ...(env['KILLSWITCH_ISSUER'] && { issuer: env['KILLSWITCH_ISSUER'] }),
});

/**
 * The token that was given; or, where the secret is at hand, one for each request that lives a minute and reaches no
 * further than the request.
 * @throws Error that says what to set
 */
export function tokenFrom(
  env: Environment,
  mint: typeof import('../node.js').mintToken,
  { scope, within }: { readonly scope: Scope | readonly Scope[]; readonly within?: Within },
): string | (() => Promise<string>) {
  const token = secretOf(env, 'KILLSWITCH_TOKEN');
  if (token !== undefined) return token;
  const secret = secretOf(env, 'KILLSWITCH_SECRET');
  if (secret === undefined) {
    throw new Error(
      'No credential: set KILLSWITCH_TOKEN (make one with "killswitch token"), or KILLSWITCH_SECRET as the server has it.',
    );
  }
  return () =>
    mint({
      secret,
      subject: cliSubject(),
      scopes: [scope].flat(),
      ...audienceOf(env),
      ...(within && { within }),
      ttlSeconds: OWN_TOKEN_SECONDS,
    });
}
