import { Hono } from 'hono';
import { KillswitchError } from '../lib/errors.js';
import { runAlone } from './alone.js';
import { openConversation } from './chatops/conversation.js';
import { openDiscord } from './chatops/discord.js';
import type { Wait } from './chatops/follow.js';
import { openMattermost } from './chatops/mattermost.js';
import type { OpenPlatform, Platform } from './chatops/platform.js';
import { openSlack } from './chatops/slack.js';
import type { Env, KillswitchFunction, TriggerDeps } from './function.js';

/** By the name in the path. */
const platforms: Readonly<Record<string, OpenPlatform>> = {
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

/** @param wait how time is let go by; real time unless told */
export const chatopsWith = (wait?: Wait): KillswitchFunction<TriggerDeps> => ({
  name: 'chatops',
  routes: deps => {
    const pause = wait ?? waitUnless(deps.closing);
    const conversation = openConversation(deps, pause);
    const open = new Map<string, Platform>();
    for (const [name, openPlatform] of Object.entries(platforms)) {
      const platform = openPlatform(deps, { conversation, wait: pause });
      if (platform) open.set(name, platform);
    }
    return new Hono<Env>().post('/chatops/:platform', async c => {
      const platform = open.get(c.req.param('platform'));
      if (!platform) throw new KillswitchError('not_found', 'No such platform is set up');
      const body = new Uint8Array(await c.req.arrayBuffer());
      const answer = await platform.receive({ headers: c.req.raw.headers, body });
      return answer === undefined ? c.body(null, 200) : c.json(answer);
    });
  },
});

/** `POST /chatops/:platform`: the stop is pulled from a chat. */
export const chatops = chatopsWith();

await runAlone(import.meta.url, chatops);
