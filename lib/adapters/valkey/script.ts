import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Client } from './options.js';

export interface ScriptCall {
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

/** Sends each call as it is made, without waiting for answers. Resolves to the answers in order. */
export type Script = (client: Client, calls: Iterable<ScriptCall>) => Promise<unknown[]>;

/**
 * @param options.allowOom the script also runs when the server's `maxmemory` is reached
 * @throws Error of node:fs if there is no such script
 */
export function loadScript(file: URL, { allowOom }: { readonly allowOom: boolean }): Script {
  // https://redis.io/docs/latest/develop/programmability/lua-api/ "Script flags"
  const source = `#!lua${allowOom ? ' flags=allow-oom' : ''}\n${readFileSync(file, 'utf8')}`;
  const sha = createHash('sha1').update(source).digest('hex');

  async function send(client: Client, { keys, args }: ScriptCall): Promise<unknown> {
    try {
      return await client.evalsha(sha, keys.length, ...keys, ...args);
    } catch (error) {
      // After SCRIPT FLUSH or a failover. No other call is resent: only this error proves that it has not run.
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
      return client.eval(source, keys.length, ...keys, ...args);
    }
  }

  return async (client, calls) => {
    const answers: Promise<unknown>[] = [];
    for (const call of calls) {
      // Yields, so that the server works on one call while the next is encoded, and other events get their turn.
      if (answers.length > 0) await nextTurn();
      if (client.status !== 'ready') throw new Error('Connection is closed.');
      const answer = send(client, call);
      answer.catch(() => undefined);
      answers.push(answer);
    }
    return Promise.all(answers);
  };
}
