/** A JSON schema, as far as arguments are made from it. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/** A tool that a request offers to the model. */
export interface Tool {
  readonly name: string;
  readonly schema?: Schema | undefined;
  /** Codex: the group that the tool is in, which a call has to name. */
  readonly namespace?: string | undefined;
  /** Codex: takes text, not JSON. */
  readonly isCustom?: boolean | undefined;
}

/** What a request asks. */
export interface Asked {
  readonly model: string;
  readonly isStream: boolean;
  readonly tools: readonly Tool[];
  /** All that the user said. */
  readonly user: string;
  /** The calls that the conversation holds: a tool's name and its arguments as JSON. */
  readonly called: readonly string[];
  /** What the answer has to look like, where the request says so. */
  readonly shape?: Schema | undefined;
}

export interface Call {
  readonly tool: Tool;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly text: string;
  readonly call?: Call | undefined;
  /** The text goes on until the client hangs up. */
  readonly isEndless?: boolean | undefined;
}

/** One server-sent event. */
export interface Frame {
  readonly event?: string;
  readonly data: unknown;
}

/** An answer, in the words of one API. */
export interface Speech {
  /** The answer to a request that wants no stream. */
  readonly whole: unknown;
  /** A stream up to its text. */
  readonly before: readonly Frame[];
  /** Some more text. */
  readonly more: (text: string) => Frame;
  /** The rest, calls included. */
  readonly after: readonly Frame[];
  /** What closes the stream where that is no event. */
  readonly last?: string;
}

/** One API of a model. */
export interface Dialect {
  readonly path: RegExp;
  readonly read: (body: never, path: string) => Asked;
  readonly say: (asked: Asked, answer: Answer) => Speech;
}

export const callOf = (name: string | undefined, args: unknown): string =>
  `${name} ${typeof args === 'string' ? args : JSON.stringify(args)}`;

let serial = 0;
/** An ID that no other answer has. */
export const newId = (prefix: string): string =>
  `${prefix}_${Date.now().toString(36)}${(serial++).toString(36)}`;

/** Content of a message: text, or parts that may hold parts themselves. */
export type Content = string | readonly Part[] | null | undefined;
export interface Part {
  readonly type?: string;
  readonly text?: string;
  readonly content?: Content;
  /** Of a call, as Anthropic writes it. */
  readonly name?: string;
  readonly input?: unknown;
}

export const textOf = (content: Content): string =>
  typeof content === 'string'
    ? content
    : (content ?? []).map(part => part.text ?? textOf(part.content)).join('\n');
