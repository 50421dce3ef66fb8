import { usualEvents } from '../../lib/notify/event.js';
import type { Failure, Message, Receiver } from '../../lib/notify/receiver.js';

export interface FakeReceiver extends Receiver {
  /** What it has taken, in that order. */
  readonly taken: Message[];
  /** Everything that was tried. */
  readonly tried: Message[];
  /** What it says from now on; `undefined`: it takes all. */
  answer(how: ((message: Message) => Failure | undefined | Promise<Failure | undefined>) | undefined): void;
  /** It says nothing until the function that this answers with is called, and takes all then. */
  hold(): () => void;
}

export const DOWN: Failure = { problem: 'it cannot be reached' };

/** Somebody who is told, in memory. */
export function fakeReceiver(over: Partial<Receiver> = {}): FakeReceiver {
  const taken: Message[] = [];
  const tried: Message[] = [];
  let how: Parameters<FakeReceiver['answer']>[0];
  return {
    name: 'OPS',
    events: new Set(usualEvents),
    summary: false,
    taken,
    tried,
    answer(next) {
      how = next;
    },
    hold() {
      let release = () => {};
      const held = new Promise<undefined>(resolve => {
        release = () => resolve(undefined);
      });
      how = () => held;
      return release;
    },
    async send(message) {
      tried.push(message);
      const failure = await how?.(message);
      if (!failure) taken.push(message);
      return failure;
    },
    ...over,
  };
}
