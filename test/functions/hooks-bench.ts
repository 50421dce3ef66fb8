import { expect } from 'vitest';
import type { TriggerDeps } from '../../functions/http/function.js';
import { ConfigError } from '../../lib/config/config-error.js';
import type { Actor } from '../../lib/domain/actor.js';
import type { ApiRequest, ApiResponse } from '../../lib/triggers/api-request.js';
import { fakeCommandsFor } from '../fakes/commands.js';
import { type Answer, expectProblem, openApp } from './bench.js';
import type { Headers, Platform, Signing } from './hooks-platforms.js';

/** What a webhook is answered. */
export interface HookAnswer extends Answer {
  readonly told: { readonly answers: readonly ApiResponse[]; readonly ignored: readonly string[] };
}

/** Everything on fakes, with one platform set up, and one agent, `a1`, that runs. */
export async function openHooks(
  platform: Platform,
  more: Record<string, string | undefined> = {},
  over: Partial<TriggerDeps> = {},
) {
  const app = openApp({ settings: { ...platform.settings, ...more }, ...over });
  const agent = await app.agent('a1');
  const now = app.clock.now();

  /** Sends a body as it is, with these headers. */
  async function post(body: string | Uint8Array, headers: Headers): Promise<HookAnswer> {
    const answer = await app.send(`POST /hooks/${platform.source}`, { body, headers, token: null });
    return { ...answer, told: answer.json as unknown as HookAnswer['told'] };
  }
  return {
    ...app,
    now,
    a1: agent,
    post,
    /** Sends an event as the platform does. */
    async deliver(event: object, signing: Partial<Signing> = {}, headers: Headers = {}): Promise<HookAnswer> {
      const body = JSON.stringify(event);
      return post(body, { ...platform.headers(body, { at: now, ...signing }), ...headers });
    },
    accepted: () => app.store.memory.audit.filter(({ phase }) => phase === 'accepted'),
    /** That the answer is the one refusal there is, and that nothing came of the delivery. */
    async expectRefused(answer: Answer): Promise<void> {
      expectProblem(answer, 401, 'unauthenticated', REFUSAL);
      app.expectUntouched();
      expect(await agent.isAlive()).toBe(true);
    },
  };
}

const REFUSAL =
  'The delivery has no valid signature or credential, or is not recent: check the secret and the clock of the sender';

/** The same, with nobody behind it: what would be done is written down. */
export async function openNoted(platform: Platform, more: Record<string, string | undefined> = {}) {
  const orders: (ApiRequest & { readonly actor: Actor })[] = [];
  const bench = await openHooks(platform, more, {
    commandsFor: fakeCommandsFor(async (actor, request) => {
      orders.push({ ...request, actor });
      return { status: 200, body: {} };
    }),
  });
  return { ...bench, orders };
}

/** What is wrong with the settings, a line each. */
export function problemsOf(settings: Record<string, string | undefined>): readonly string[] {
  try {
    openApp({ settings });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}
