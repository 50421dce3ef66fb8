import type { Settings } from '../../lib/config/platform-settings.js';
import type { Actor } from '../../lib/domain/actor.js';
import type { StopOrder } from './stop-order.js';

/** One webhook delivery, not verified yet. */
export interface Delivery {
  readonly headers: Headers;
  /** The raw bytes, which the signature covers. */
  readonly body: Uint8Array;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The orders in a delivery, and for each ignored part of it the reason, as a sentence. */
export type ParsedDelivery = { readonly ignored: readonly string[] } & (
  | { readonly actor: Actor; readonly orders: readonly StopOrder[] }
  | { readonly actor?: never; readonly orders: readonly [] }
);

/** A platform, as configured here, whose webhooks stop agents. */
export interface WebhookSource {
  /**
   * Verifies the raw bytes, then reads them. The key of each order is derived from the delivery: the same for a repeated
   * delivery, different for any other.
   * @throws KillswitchError `unauthenticated`; `invalid_request` if the signature is valid but the body is not
   */
  read(delivery: Delivery): Promise<ParsedDelivery>;
}

/** @returns `undefined` if the platform is not configured. @throws ConfigError */
export type OpenSource = (settings: Settings) => WebhookSource | undefined;
