/** States in which no process is left: Docker's, then those that Podman adds. */
const DOWN: ReadonlySet<string> = new Set([
  ...['created', 'exited', 'dead', 'removing'],
  ...['configured', 'initialized', 'stopped'],
]);

/** Whether a container in this state has no process. */
export const isDown = (state: string): boolean => DOWN.has(state);

/** Whether a container in this state runs, or may run at any moment by itself. */
export const mayRun = (state: string): boolean => ['running', 'paused', 'restarting'].includes(state);
