import type { Person } from './acknowledge.js';
import { type Allow, scopesOf } from './permissions.js';
import { type Reply, toAsker } from './reply.js';

/** Who asked and where, in the platform's own IDs; `team` is empty in a direct message of Mattermost. */
export interface Whom {
  readonly user: string;
  readonly name: string | undefined;
  readonly team: string;
  readonly channel: string;
  readonly source: string | undefined;
}

/** From the form that Slack and Mattermost post for a slash command, in the same members. */
export function whomIn(form: URLSearchParams, source: string | undefined): Whom {
  const text = (name: string): string => form.get(name) ?? '';
  return {
    user: text('user_id'),
    name: text('user_name'),
    team: text('team_id'),
    channel: text('channel_id'),
    source,
  };
}

export interface Members {
  personOf(whom: Whom): Person;
  /** What is said to somebody of a team that is not served; `undefined`: it is. */
  foreign(whom: Whom): Reply | undefined;
}

/** @param noun what the platform calls a team */
export const openMembers = (
  { ALLOW, TEAMS }: { readonly ALLOW: Allow; readonly TEAMS?: ReadonlySet<string> | undefined },
  { platform, noun }: { readonly platform: string; readonly noun: string },
): Members => ({
  personOf: ({ user, name, team, channel, source }) => ({
    subject: `${platform}:${team || 'direct'}:${user}`,
    name: name ? `${name} (${user})` : user,
    scopes: scopesOf(ALLOW, { user: [user], team: [team], channel: [channel] }),
    rule: `user:${user}`,
    source,
  }),
  foreign: ({ team }) =>
    !TEAMS || TEAMS.has(team) ? undefined : toAsker(`Nothing was done: this ${noun} is not served here`),
});
