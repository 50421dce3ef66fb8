import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Where a tool runs, and what it is pointed at. */
export interface Place {
  /** Its home folder. */
  readonly home: string;
  /** The model server. */
  readonly url: string;
  /** Repositories that it is to trust, one for each session. */
  readonly repositories: readonly string[];
  /** The server of the Model Context Protocol that it is to have, named `counter`. */
  readonly mcp: { readonly command: string; readonly args: readonly string[] };
}

/** How one tool is installed and pointed at a model on loopback, without updates and telemetry. */
export interface Recipe {
  readonly name: string;
  /** At npm. */
  readonly package: string;
  readonly version: string;
  /** What `--version` says, where that is another one than npm's. */
  readonly reports?: string;
  /** Name of the program. */
  readonly bin: string;
  readonly environment: (place: Place) => Readonly<Record<string, string>>;
  /** Writes the settings of a new home. */
  readonly setUp: (place: Place) => void;
  /** Command lines that have to run once in a new home. */
  readonly before?: (place: Place) => readonly (readonly string[])[];
  /** What it leaves outside of its home and of `TMPDIR`, as of when it has ended. */
  readonly outside?: (place: Place) => readonly string[];
  /** Arguments for one prompt without a terminal. */
  readonly headless: (prompt: string) => readonly string[];
  /** Arguments for a terminal, with a first prompt. */
  readonly interactive: (prompt: string) => readonly string[];
  /** Arguments that hand a prompt to a daemon of the tool and come back. */
  readonly background?: (prompt: string) => readonly string[];
}

/** No key of any service: the model server takes all. */
export const KEY = 'sk-dummy-0000000000000000000000000000';

export function put(file: string, content: string | object): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
}
