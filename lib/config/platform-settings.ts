import type { z } from 'zod';
import { ConfigError } from './config-error.js';

/** What the webhook and chat functions and the notifications read for themselves, each its platform's. */
export const platformVariable =
  /^KILLSWITCH_(SLACK|DISCORD|MATTERMOST|GITHUB|ALERTMANAGER|GRAFANA|PAGERDUTY|SENTRY|WEBHOOK|NOTIFY)_/;

/** Variables by name, `<name>_FILE` resolved to `<name>` already. */
export type Settings = Readonly<Record<string, string | undefined>>;

/**
 * What is set of one platform, checked: the variables `KILLSWITCH_<PLATFORM>_…`, by the rest of their names.
 * @returns `undefined` if none is set: the platform is not in use
 * @throws ConfigError that names each bad variable, and each that is not known; no value is in it
 */
export function platformSettings<T extends z.ZodObject>(
  settings: Settings,
  platform: string,
  schema: T,
): z.output<T> | undefined {
  const prefix = `KILLSWITCH_${platform}_`;
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(settings)) {
    if (name.startsWith(prefix) && value) given[name.slice(prefix.length)] = value;
  }
  if (Object.keys(given).length === 0) return undefined;
  const { data, error } = schema.strict().safeParse(given, {
    // Every given value is text, so the wrong type means that it is absent.
    error: ({ code }) => (code === 'invalid_type' ? 'must be set' : undefined),
  });
  if (!error) return data as z.output<T>;
  throw new ConfigError(
    error.issues.flatMap(issue =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map(name => `${prefix}${name} is not known`)
        : [`${prefix}${String(issue.path[0])} ${issue.message}`],
    ),
  );
}
