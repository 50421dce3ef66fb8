import { callOf, type Dialect, type Frame, newId, type Schema, textOf } from './dialect.js';

interface Body {
  readonly contents?: readonly {
    readonly role?: string;
    readonly parts?: readonly {
      readonly text?: string;
      readonly functionCall?: { readonly name: string; readonly args: unknown };
    }[];
  }[];
  readonly tools?: readonly {
    readonly functionDeclarations?: readonly {
      readonly name: string;
      readonly parametersJsonSchema?: Schema;
      readonly parameters?: Schema;
    }[];
  }[];
  readonly generationConfig?: { readonly responseJsonSchema?: Schema; readonly responseSchema?: Schema };
}

/** Gemini's own schemas spell types in capitals. */
const lower = (schema: Schema | undefined): Schema | undefined =>
  schema &&
  JSON.parse(JSON.stringify(schema), (key, value) =>
    key === 'type' && typeof value === 'string' ? value.toLowerCase() : value,
  );

/** Something that a schema admits: routers and classifiers want JSON. */
function exampleOf({ type = 'object', properties = {}, enum: [first] = [] }: Schema): unknown {
  if (first !== undefined) return first;
  if (type === 'object')
    return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, exampleOf(value)]));
  if (type === 'array') return [];
  if (type === 'boolean') return false;
  return type === 'number' || type === 'integer' ? 1 : 'x';
}

/** Gemini generateContent and streamGenerateContent. */
export const gemini: Dialect = {
  path: /:(streamGenerateContent|generateContent)$/,
  read({ contents = [], tools = [], generationConfig }: Body, path) {
    const said = contents.filter(({ role }) => role === 'user').flatMap(({ parts = [] }) => parts);
    return {
      model: /models\/([^:]+)/.exec(path)?.[1] ?? '',
      isStream: path.endsWith(':streamGenerateContent'),
      tools: tools
        .flatMap(({ functionDeclarations = [] }) => functionDeclarations)
        .map(({ name, parametersJsonSchema, parameters }) => ({
          name,
          schema: lower(parametersJsonSchema ?? parameters),
        })),
      user: textOf(said),
      called: contents
        .flatMap(({ parts = [] }) => parts)
        .flatMap(({ functionCall }) => (functionCall ? [callOf(functionCall.name, functionCall.args)] : [])),
      shape: lower(generationConfig?.responseJsonSchema ?? generationConfig?.responseSchema),
    };
  },
  say({ model, shape }, { text, call }) {
    const usageMetadata = { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 };
    const responseId = newId('r');
    const chunk = (parts: readonly object[], finishReason?: string) => ({
      candidates: [{ index: 0, content: { role: 'model', parts }, ...(finishReason && { finishReason }) }],
      ...{ usageMetadata, modelVersion: model, responseId },
    });
    const said = { text: shape ? JSON.stringify(exampleOf(shape)) : text };
    const functionCall = call && { name: call.tool.name, args: call.args, id: newId('fc') };
    const whole = chunk([said, ...(functionCall ? [{ functionCall }] : [])], 'STOP');
    const more = (words: string): Frame => ({ data: chunk([{ text: words }]) });
    return { whole, before: [], more, after: [{ data: whole }] };
  },
};
