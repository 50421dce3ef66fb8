import { userInfo } from 'node:os';
import type { Scope, Within } from '../../lib/domain/actor.js';
import { readSecret } from '../server/secret-file.js';

export type Environment = Readonly<Record<string, string | undefined>>;

const OWN_TOKEN_SECONDS = 60;

/** The value of a variable, or the content of the file that `<name>_FILE` names. @throws Error that says what to set */
export function secretOf(env: Environment, name: string): string | undefined {
  const { value, problems } = readSecret(env, name);
  const [problem] = problems;
  if (problem !== undefined) throw new Error(`${problem[0]?.toUpperCase()}${problem.slice(1)}.`);
  return value;
}

export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // The user has no entry in the password file.
    return `uid-${process.getuid?.()}`;
  }
}

/** The subject of the tokens that the command line signs for itself. */
export const cliSubject = (): string => `cli:${userName()}`;

/** The audience and issuer that the server requires, from the environment that both share. */
export const audienceOf = (env: Environment) => ({
  audience: env['KILLSWITCH_AUDIENCE'] || 'killswitch',
  ...(env['KILLSWITCH_ISSUER'] && { issuer: env['KILLSWITCH_ISSUER'] }),
});

/**
 * The configured token; or, with the secret, a new token for each request, valid for a minute and with no more rights
 * than the request needs.
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
      'No credential: set KILLSWITCH_TOKEN (make one with "killswitch token"), or KILLSWITCH_SECRET to the value that the server uses.',
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
