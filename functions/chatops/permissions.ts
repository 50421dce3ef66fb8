import * as z from 'zod';
import { type Scope, scopes } from '../../lib/domain/actor.js';

/** The IDs that a request names, by kind: `{ user: ['U1'], channel: ['C1'], team: ['T1'] }`. */
export type Identities = Readonly<Record<string, readonly string[]>>;

interface Rule {
  readonly kind: string;
  readonly id: string;
  readonly scopes: readonly Scope[];
}

/** Who may do what; empty: nothing is allowed. */
export type Rules = readonly Rule[];

const SHORTHANDS: ReadonlyMap<string, readonly Scope[]> = new Map<string, readonly Scope[]>([
  ['stop', ['agents:kill', 'agents:kill-all', 'latch:engage']],
  ['all', scopes],
  ...scopes.map((scope): [string, readonly Scope[]] => [scope, [scope]]),
]);
const FORM = /^([a-z]+):([A-Za-z0-9]{1,64})=(.*)$/s;

/**
 * @param text such as `user:U123=stop,agents:read;channel:C1=agents:kill`: rules that each give scopes to one ID of one
 *   kind; `stop` stands for both kills and for engaging the latch, `all` for every scope
 * @param kinds the kinds of IDs that the platform has
 * @returns the rules, or what is wrong with the text, without any of its values
 */
export function parseAllow(text: string, kinds: readonly string[]): Rules | { readonly problem: string } {
  const rules: Rule[] = [];
  const parts = text.split(';').map(part => part.trim());
  for (const [at, part] of parts.entries()) {
    if (part === '') continue;
    const problem = (what: string) => ({ problem: `${what} (rule ${at + 1})` });
    const [, kind, id, list] = FORM.exec(part) ?? [];
    if (kind === undefined || id === undefined || list === undefined) {
      return problem(
        `must be rules like ${kinds[0]}:ID=agents:kill,agents:read;${kinds[1]}:ID=stop, separated by ";"`,
      );
    }
    if (!kinds.includes(kind))
      return problem(`names an unknown kind before its ":": there are ${kinds.join(', ')}`);
    const granted = list.split(',').map(word => SHORTHANDS.get(word.trim()));
    if (!granted.every(scope => scope !== undefined)) {
      return problem(`names an unknown scope: there are ${[...scopes, 'stop', 'all'].join(', ')}`);
    }
    rules.push({ kind, id, scopes: granted.flat() });
  }
  return rules;
}

/** The union of the scopes of every rule that matches. */
export const scopesOf = (rules: Rules, identities: Identities): ReadonlySet<Scope> =>
  new Set(rules.flatMap(({ kind, id, scopes: granted }) => (identities[kind]?.includes(id) ? granted : [])));

/** A setting with rules; absent: nothing is allowed. */
export const allowSchema = (kinds: readonly string[]) =>
  z
    .string()
    .default('')
    .transform((text, context): Rules => {
      const parsed = parseAllow(text, kinds);
      if (!('problem' in parsed)) return parsed;
      context.addIssue({ code: 'custom', message: parsed.problem });
      return z.NEVER;
    })
    .meta({
      usual: 'nothing is allowed',
      description: `Who may do what: rules with \`;\` between them, such as \`${kinds[0]}:ID=agents:kill,agents:read;${kinds[1]}:ID=stop\`. Each gives scopes to one ID of a ${kinds.slice(0, -1).join(', ')} or ${kinds.at(-1)}; \`stop\` is every scope that stops, \`all\` every scope.`,
    });

/** A setting with IDs, separated by commas; absent: all are served. */
export const idsSchema = z
  .string()
  .regex(/^\s*[A-Za-z0-9]{1,64}(\s*,\s*[A-Za-z0-9]{1,64})*\s*$/, 'must be IDs, separated by commas')
  .transform((text): ReadonlySet<string> => new Set(text.split(',').map(id => id.trim())))
  .optional()
  .meta({ usual: 'all are served', description: 'IDs, separated by commas: only these are served.' });
