import { lstat } from 'node:fs/promises';

interface LivenessOptions {
  /** Milliseconds that a filesystem may take to answer. */
  readonly patienceMs?: number;
  /** How many looks may hang at once: each keeps one of Node's four threads for as long as it hangs. */
  readonly most?: number;
}

/** Settles, in whichever way, when the filesystem has answered. */
type Look = (path: string) => Promise<unknown>;

/** Whether the filesystem at a path answers at all; `false` also once `deadline` is over. */
export type Answers = (
  path: string,
  options?: { readonly deadline?: AbortSignal; readonly look?: Look },
) => Promise<boolean>;

/**
 * A record may name a path on a dead network filesystem. A synchronous call there would hold the whole process for
 * ever, so each path is looked at in a thread first.
 */
export function openLiveness({ patienceMs = 1_000, most = 2 }: LivenessOptions = {}): Answers {
  const hanging = new Set<string>();
  return (path, { deadline, look = lstat } = {}) => {
    if (hanging.size >= most || hanging.has(path) || deadline?.aborted) return Promise.resolve(false);
    return new Promise(resolve => {
      let hasAnswered = false;
      const settle = (answer: boolean) => {
        clearTimeout(timer);
        deadline?.removeEventListener('abort', onTime);
        resolve(answer);
      };
      const answered = () => {
        hasAnswered = true;
        hanging.delete(path);
        settle(true);
      };
      const giveUp = () => {
        if (hasAnswered) return;
        hanging.add(path);
        settle(false);
      };
      // After a busy time the timers come first, and the answers that have been there for long only then.
      const onTime = () => setImmediate(giveUp);
      const timer = setTimeout(onTime, patienceMs);
      deadline?.addEventListener('abort', onTime, { once: true });
      look(path).then(answered, answered);
    });
  };
}
