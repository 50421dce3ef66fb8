import { Hono } from 'hono';
import { commandsOver } from '../lib/client/commands-over.js';
import { allOf } from '../lib/config/config-error.js';
import type { Settings } from '../lib/config/platform-settings.js';
import { KillswitchError } from '../lib/domain/errors.js';
import { openConversation } from './chatops/conversation.js';
import { openDiscord } from './chatops/discord.js';
import { openMattermost } from './chatops/mattermost.js';
import type { OpenPlatform, Platform } from './chatops/platform.js';
import type { Wait } from './chatops/poll-operation.js';
import { openSlack } from './chatops/slack.js';
import type { Env, KillswitchFunction, TriggerDeps } from './http/function.js';
import { withUnprovenBody } from './http/unproven-body.js';
import { runAlone } from './server/run-alone.js';

/** By the name in the path. */
export const platforms: Readonly<Record<string, OpenPlatform>> = {
  slack: openSlack,
  discord: openDiscord,
  mattermost: openMattermost,
};

/** Shorter when the process is to end: nothing is waited for then. */
const waitUnless =
  (closing: AbortSignal | undefined): Wait =>
  ms =>
    new Promise(resolve => {
      const done = (): void => {
        clearTimeout(timer);
        closing?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      if (closing?.aborted) done();
      else closing?.addEventListener('abort', done);
    });

/** Those that are set up. @throws ConfigError that names what is wrong with any of them */
function openPlatforms(...parts: Parameters<OpenPlatform>): ReadonlyMap<string, Platform> {
  const found = allOf(
    Object.entries(platforms).map(
      ([name, openPlatform]) =>
        () =>
          [name, openPlatform(...parts)] as const,
    ),
  );
  return new Map(found.flatMap(([name, platform]) => (platform ? [[name, platform]] : [])));
}

/** Opened to be looked at: nothing comes of it. */
const idle = (settings: Settings): TriggerDeps => ({
  settings,
  commandsFor: () => commandsOver(async () => ({ status: 503, body: undefined })),
  newId: () => '',
  clock: { now: () => 0 },
  log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  fetch: async () => Response.error(),
  defer: () => undefined,
});

/** @param wait how time is let go by; real time unless told */
export const chatopsWith = (wait?: Wait): KillswitchFunction<TriggerDeps> => ({
  name: 'chatops',
  check(settings) {
    const deps = idle(settings);
    const pause = waitUnless(undefined);
    openPlatforms(deps, { conversation: openConversation(deps, pause), wait: pause });
  },
  routes: deps => {
    const pause = wait ?? waitUnless(deps.closing);
    const conversation = openConversation(deps, pause);
    const open = openPlatforms(deps, { conversation, wait: pause });
    return new Hono<Env>().post('/chatops/:platform', async c => {
      const platform = open.get(c.req.param('platform'));
      if (!platform) throw new KillswitchError('not_found', 'No such platform is set up');
      const source = c.get('source');
      const { headers } = c.req.raw;
      const answer = await withUnprovenBody(c, body => platform.receive({ headers, body, source }));
      return answer === undefined ? c.body(null, 200) : c.json(answer);
    });
  },
});

/** `POST /chatops/:platform`: the stop is pulled from a chat. */
export const chatops = chatopsWith();

await runAlone(chatops);
