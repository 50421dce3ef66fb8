import {
  type Call,
  type Content,
  callOf,
  type Dialect,
  type Frame,
  newId,
  type Schema,
  type Tool,
  textOf,
} from './dialect.js';

interface Offered {
  readonly type: string;
  readonly name?: string;
  readonly parameters?: Schema;
  /** Of a namespace. */
  readonly tools?: readonly { readonly name: string; readonly parameters?: Schema }[];
}
interface Item {
  readonly type?: string;
  readonly role?: string;
  readonly content?: Content;
  /** Of a call. */
  readonly name?: string;
  readonly arguments?: string;
  readonly input?: string;
}
interface Body {
  readonly model: string;
  readonly stream?: boolean;
  readonly tools?: readonly Offered[];
  readonly input?: string | readonly Item[];
}

function toolsOf({ type, name, parameters, tools = [] }: Offered): Tool[] {
  if (type === 'namespace')
    return tools.map(tool => ({ name: tool.name, schema: tool.parameters, namespace: name }));
  return name ? [{ name, schema: parameters, isCustom: type === 'custom' }] : [];
}

function itemOf({ tool, args }: Call): { readonly id: string; readonly arguments?: string } {
  const base = { call_id: newId('call'), name: tool.name, status: 'completed' };
  if (tool.isCustom)
    return { ...base, type: 'custom_tool_call', id: newId('ctc'), input: String(args['command']) } as never;
  return {
    ...{ ...base, type: 'function_call', id: newId('fc'), arguments: JSON.stringify(args) },
    ...(tool.namespace && { namespace: tool.namespace }),
  };
}

/** OpenAI Responses. */
export const responses: Dialect = {
  path: /\/responses$/,
  read({ model, stream, tools = [], input = [] }: Body) {
    const items: readonly Item[] = typeof input === 'string' ? [{ role: 'user', content: input }] : input;
    return {
      model,
      isStream: stream === true,
      tools: tools.flatMap(toolsOf),
      user: items
        .filter(({ role }) => role === 'user')
        .map(({ content }) => textOf(content))
        .join('\n'),
      called: items
        .filter(({ type }) => type?.endsWith('_call'))
        .map(item => callOf(item.name, item.arguments ?? item.input)),
    };
  },
  say({ model }, { text, call }) {
    let serial = 0;
    const frame = (type: string, rest: object): Frame => ({
      event: type,
      data: { type, sequence_number: serial++, ...rest },
    });
    const response = {
      ...{ id: newId('resp'), object: 'response', created_at: Math.floor(Date.now() / 1000), model },
      ...{ status: 'in_progress', output: [], parallel_tool_calls: false, tools: [] },
    };
    const part = { type: 'output_text', text, annotations: [] };
    const message = {
      type: 'message',
      id: newId('msg'),
      role: 'assistant',
      status: 'completed',
      content: [part],
    };
    const called = call && itemOf(call);
    const usage = {
      ...{ input_tokens: 10, input_tokens_details: { cached_tokens: 0 } },
      ...{ output_tokens: 5, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 15 },
    };
    const whole = { ...response, status: 'completed', output: [message, ...(called ? [called] : [])], usage };
    const at = { output_index: 0, item_id: message.id, content_index: 0 };
    const more = (delta: string) => frame('response.output_text.delta', { ...at, delta });
    const opened = { ...message, status: 'in_progress', content: [] };
    return {
      whole,
      before: [
        frame('response.created', { response }),
        frame('response.output_item.added', { output_index: 0, item: opened }),
        frame('response.content_part.added', { ...at, part: { ...part, text: '' } }),
      ],
      more,
      after: [
        more(text),
        frame('response.output_text.done', { ...at, text }),
        frame('response.content_part.done', { ...at, part }),
        frame('response.output_item.done', { output_index: 0, item: message }),
        ...(called
          ? [
              frame('response.output_item.added', {
                output_index: 1,
                item: { ...called, status: 'in_progress', ...(called.arguments && { arguments: '' }) },
              }),
              frame('response.output_item.done', { output_index: 1, item: called }),
            ]
          : []),
        frame('response.completed', { response: whole }),
      ],
    };
  },
};
