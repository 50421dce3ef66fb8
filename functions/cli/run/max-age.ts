/** A timer counts up to 2³¹-1 ms; a longer one would end at once. */
const LONGEST = 2 ** 31 - 1;

/** Calls `act` after so many milliseconds, however many. @returns what cancels it */
export function after(ms: number, act: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (left: number): void => {
    const part = Math.min(left, LONGEST);
    timer = setTimeout(() => (left > part ? wait(left - part) : act()), part);
    timer.unref();
  };
  wait(ms);
  return () => clearTimeout(timer);
}
