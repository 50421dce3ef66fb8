import {
  type Content,
  callOf,
  type Dialect,
  type Frame,
  newId,
  type Part,
  type Schema,
  textOf,
} from './dialect.js';

interface Body {
  readonly model: string;
  readonly stream?: boolean;
  readonly tools?: readonly { readonly name: string; readonly input_schema?: Schema }[];
  readonly messages: readonly { readonly role: string; readonly content: Content }[];
}

const partsOf = (content: Content): readonly Part[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? []);

/** Anthropic Messages. */
export const anthropic: Dialect = {
  path: /\/messages$/,
  read({ model, stream, tools = [], messages }: Body) {
    const said = messages.filter(({ role }) => role === 'user').flatMap(({ content }) => partsOf(content));
    return {
      model,
      isStream: stream === true,
      tools: tools.map(({ name, input_schema }) => ({ name, schema: input_schema })),
      user: textOf(said.filter(({ type }) => type === 'text')),
      called: messages
        .flatMap(({ content }) => partsOf(content))
        .filter(({ type }) => type === 'tool_use')
        .map(({ name, input }) => callOf(name, input)),
    };
  },
  say({ model }, { text, call }) {
    const message = {
      ...{ id: newId('msg'), type: 'message', role: 'assistant', model },
      ...{
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 10, output_tokens: 1 },
      },
    };
    const use = call && { type: 'tool_use', id: newId('toolu'), name: call.tool.name, input: call.args };
    const stop_reason = call ? 'tool_use' : 'end_turn';
    const frame = (type: string, rest: object = {}): Frame => ({ event: type, data: { type, ...rest } });
    const delta = (index: number, data: object) => frame('content_block_delta', { index, delta: data });
    const more = (words: string) => delta(0, { type: 'text_delta', text: words });
    return {
      whole: { ...message, content: [{ type: 'text', text }, ...(use ? [use] : [])], stop_reason },
      before: [
        frame('message_start', { message }),
        frame('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      ],
      more,
      after: [
        more(text),
        frame('content_block_stop', { index: 0 }),
        ...(use
          ? [
              frame('content_block_start', { index: 1, content_block: { ...use, input: {} } }),
              delta(1, { type: 'input_json_delta', partial_json: JSON.stringify(use.input) }),
              frame('content_block_stop', { index: 1 }),
            ]
          : []),
        frame('message_delta', { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 5 } }),
        frame('message_stop'),
      ],
    };
  },
};
