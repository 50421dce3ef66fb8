import { Hono } from 'hono';
import { commandsOver } from '../lib/client/commands-over.js';
import { allOf } from '../lib/config/config-error.js';
import type { Settings } from '../lib/config/platform-settings.js';
import { KillswitchError } from '../lib/domain/errors.js';
import { createConversation } from './chatops/conversation.js';
import { createDiscord } from './chatops/discord.js';
import { createMattermost } from './chatops/mattermost.js';
import type { CreatePlatform, Platform } from './chatops/platform.js';
import { createSlack } from './chatops/slack.js';
import { createWait, type Wait } from './chatops/wait.js';
import type { Env, KillswitchFunction, TriggerDeps } from './http/function.js';
import { withUnprovenBody } from './http/unproven-body.js';
import { runAlone } from './server/run-alone.js';

/** By the name in the path. */
export const platforms: Readonly<Record<string, CreatePlatform>> = {
  slack: createSlack,
  discord: createDiscord,
  mattermost: createMattermost,
};

/** Those that are set up. @throws ConfigError that names what is wrong with any of them */
function createPlatforms(deps: TriggerDeps, wait: Wait): ReadonlyMap<string, Platform> {
  const shared = { conversation: createConversation(deps, wait), wait };
  const found = allOf(
    Object.entries(platforms).map(
      ([name, createPlatform]) =>
        () =>
          [name, createPlatform(deps, shared)] as const,
    ),
  );
  return new Map(found.flatMap(([name, platform]) => (platform ? [[name, platform]] : [])));
}

/** Does nothing: for a check of the settings. */
const inertDeps = (settings: Settings): TriggerDeps => ({
  settings,
  commandsFor: () => commandsOver(async () => ({ status: 503, body: undefined })),
  newId: () => '',
  clock: { now: () => 0 },
  log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  fetch: async () => Response.error(),
  defer: () => undefined,
});

/** @param wait for tests; real time by default */
export const chatopsWith = (wait?: Wait): KillswitchFunction<TriggerDeps> => ({
  name: 'chatops',
  check: settings => void createPlatforms(inertDeps(settings), createWait(undefined)),
  routes: deps => {
    const available = createPlatforms(deps, wait ?? createWait(deps.closing));
    return new Hono<Env>().post('/chatops/:platform', async c => {
      const platform = available.get(c.req.param('platform'));
      if (!platform) throw new KillswitchError('not_found', 'This chat platform is not set up');
      const source = c.get('source');
      const { headers } = c.req.raw;
      const answer = await withUnprovenBody(c, body => platform.receive({ headers, body, source }));
      return answer === undefined ? c.body(null, 200) : c.json(answer);
    });
  },
});

/** `POST /chatops/:platform`: commands and buttons in a chat. */
export const chatops = chatopsWith();

await runAlone(chatops);
