import { type Content, callOf, type Dialect, type Frame, newId, type Schema, textOf } from './dialect.js';

interface Body {
  readonly model: string;
  readonly stream?: boolean;
  readonly tools?: readonly {
    readonly type: string;
    readonly function: { readonly name: string; readonly parameters?: Schema };
  }[];
  readonly messages: readonly {
    readonly role: string;
    readonly content: Content;
    readonly tool_calls?: readonly {
      readonly function: { readonly name: string; readonly arguments: string };
    }[];
  }[];
}

/** OpenAI Chat Completions. */
export const chat: Dialect = {
  path: /\/chat\/completions$/,
  read: ({ model, stream, tools = [], messages }: Body) => ({
    model,
    isStream: stream === true,
    tools: tools
      .filter(({ type }) => type === 'function')
      .map(tool => ({ name: tool.function.name, schema: tool.function.parameters })),
    user: messages
      .filter(({ role }) => role === 'user')
      .map(({ content }) => textOf(content))
      .join('\n'),
    called: messages
      .flatMap(({ tool_calls = [] }) => tool_calls ?? [])
      .map(call => callOf(call.function.name, call.function.arguments)),
  }),
  say({ model }, { text, call }) {
    const base = { id: newId('chatcmpl'), created: Math.floor(Date.now() / 1000), model };
    const called = call && { name: call.tool.name, arguments: JSON.stringify(call.args) };
    const tool_calls = called && [{ index: 0, id: newId('call'), type: 'function', function: called }];
    const finish_reason = call ? 'tool_calls' : 'stop';
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
    const message = { role: 'assistant', content: text, ...(tool_calls && { tool_calls }) };
    const chunk = (delta: object, reason: string | null = null): Frame => ({
      data: {
        ...{ ...base, object: 'chat.completion.chunk' },
        choices: [{ index: 0, delta, finish_reason: reason }],
      },
    });
    const more = (content: string) => chunk({ content });
    return {
      whole: { ...base, object: 'chat.completion', choices: [{ index: 0, finish_reason, message }], usage },
      before: [chunk({ role: 'assistant', content: '' })],
      more,
      after: [
        more(text),
        ...(tool_calls ? [chunk({ tool_calls })] : []),
        chunk({}, finish_reason),
        { data: { ...base, object: 'chat.completion.chunk', choices: [], usage } },
      ],
      last: 'data: [DONE]\n\n',
    };
  },
};
