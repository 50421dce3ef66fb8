import { Hono } from 'hono';
import { runAlone } from './alone.js';
import type { Env, KillswitchFunction, TriggerDeps } from './function.js';

/** `POST /chatops/:platform`: the stop is pulled from a chat. */
export const chatops: KillswitchFunction<TriggerDeps> = {
  name: 'chatops',
  routes: () => new Hono<Env>(),
};

await runAlone(import.meta.url, chatops);
