declare const checked: unique symbol;

/** A full container ID. Nothing else reaches the engine: it takes names, prefixes and paths for IDs. */
export type ContainerId = string & { readonly [checked]: true };

export const isContainerId = (text: string): text is ContainerId => /^[0-9a-f]{64}$/.test(text);

export const toContainerId = (text: string): ContainerId | undefined =>
  isContainerId(text) ? text : undefined;
