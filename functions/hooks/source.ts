import type { Settings } from '../../lib/config/platform-settings.js';
import type { Actor } from '../../lib/domain/actor.js';
import type { StopOrder } from './stop-order.js';

/** One delivery of a webhook, as it came. */
export interface Delivery {
  readonly headers: Headers;
  /** What is signed: byte for byte. */
  readonly body: Uint8Array;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** What a delivery asks for, and why whatever else is in it asks for nothing, a sentence each. */
export type Asked = { readonly ignored: readonly string[] } & (
  | { readonly actor: Actor; readonly orders: readonly StopOrder[] }
  | { readonly actor?: never; readonly orders: readonly [] }
);

/** A platform whose webhooks pull the stop, as it is set up here. */
export interface WebhookSource {
  /**
   * Verifies the raw bytes first, then reads them. Each order has a key that the same delivery always has, and no
   * other one.
   * @throws KillswitchError `unauthenticated`; `invalid_request` for what is signed and cannot be read
   */
  read(delivery: Delivery): Promise<Asked>;
}

/** @returns `undefined` where it is not set up. @throws ConfigError */
export type OpenSource = (settings: Settings) => WebhookSource | undefined;
