import type { Person } from './interaction.js';
import { type Rules, scopesOf } from './permissions.js';
import { type Reply, toAsker } from './reply.js';

/** The person of a request and where they are, in the platform's own IDs. */
export interface Requester {
  readonly user: string;
  readonly name: string | undefined;
  /** Empty in a direct message of Mattermost. */
  readonly team: string;
  readonly channel: string;
  readonly source: string | undefined;
}

/** Reads the form that Slack and Mattermost post for a slash command, with the same members. */
export function requesterIn(form: URLSearchParams, source: string | undefined): Requester {
  const text = (name: string): string => form.get(name) ?? '';
  return {
    user: text('user_id'),
    name: text('user_name'),
    team: text('team_id'),
    channel: text('channel_id'),
    source,
  };
}

export interface Membership {
  personOf(requester: Requester): Person;
  /** The reply to a person of a team that is not served; `undefined`: it is. */
  refusalOf(requester: Requester): Reply | undefined;
}

/** @param noun what the platform calls a team */
export const createMembership = (
  { ALLOW, TEAMS }: { readonly ALLOW: Rules; readonly TEAMS?: ReadonlySet<string> | undefined },
  { platform, noun }: { readonly platform: string; readonly noun: string },
): Membership => ({
  personOf: ({ user, name, team, channel, source }) => ({
    subject: `${platform}:${team || 'direct'}:${user}`,
    name: name ? `${name} (${user})` : user,
    scopes: scopesOf(ALLOW, { user: [user], team: [team], channel: [channel] }),
    rule: `user:${user}`,
    source,
  }),
  refusalOf: ({ team }) =>
    !TEAMS || TEAMS.has(team)
      ? undefined
      : notServed(`this ${noun}`, `KILLSWITCH_${platform.toUpperCase()}_TEAMS`),
});

/** @param variable the setting that lists what is served */
export const notServed = (place: string, variable: string): Reply =>
  toAsker(`Nothing was done: ${place} is not served here`, [
    `Ask an operator of killswitch to add it to ${variable}`,
  ]);
