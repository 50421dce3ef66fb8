import type { Answer, Asked, Schema, Tool } from './dialects/dialect.js';

/** What the model does at one point of a conversation. */
export type Step =
  /** Calls the agent's own shell tool, whatever its name and arguments. */
  | { readonly shell: string }
  /** Calls the tool whose name matches, as soon as it is there. */
  | { readonly tool: RegExp; readonly args?: Readonly<Record<string, unknown>> }
  /** Says this, and the turn ends. */
  | { readonly say: string }
  /** Streams text until the client hangs up. */
  | { readonly isEndless: true };

/** Names of shell tools, the exact ones first. */
const SHELLS = [
  /^(bash|shell|shell_command|exec_command|run_shell_command|execute_command|run_commands?|local_shell)$/i,
  /(^|_)(shell|bash|exec|terminal|command)s?($|_)/i,
];

const findShell = (tools: readonly Tool[]): Tool | undefined =>
  SHELLS.flatMap(pattern => tools.find(({ name }) => pattern.test(name)) ?? [])[0];

const isArray = ({ type, anyOf = [], oneOf = [] }: Schema): boolean =>
  type === 'array' || [...anyOf, ...oneOf].some(isArray);

/** A value that an argument admits which does not matter. */
function anyOf(name: string, schema: Schema): unknown {
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (schema.enum) return schema.enum[0];
  if (isArray(schema)) return [];
  if (type === 'boolean') return false;
  return type === 'number' || type === 'integer' ? 600 : `${name} of the script`;
}

/** Arguments that make a shell tool run a command, by its JSON schema. */
function shellArgs({ properties = {}, required = [] }: Schema, command: string): Record<string, unknown> {
  const given = Object.entries(properties).flatMap(([name, schema]) => {
    if (/^(command|cmd|script)$/.test(name))
      return [[name, isArray(schema) ? ['bash', '-c', command] : command]];
    if (name === 'commands') return [[name, isArray(schema) ? [command] : command]];
    return required.includes(name) ? [[name, anyOf(name, schema)]] : [];
  });
  return given.length > 0 ? Object.fromEntries(given) : { command };
}

const runIn = (tools: readonly Tool[], command: string): Answer => {
  const tool = findShell(tools);
  if (!tool) return { text: 'There is no shell tool.' };
  return { text: 'I run a command.', call: { tool, args: shellArgs(tool.schema ?? {}, command) } };
};

function isDone(step: Step, called: readonly string[]): boolean {
  if ('shell' in step) return called.some(call => call.includes(step.shell));
  return 'tool' in step && called.some(call => step.tool.test(call));
}

/** The first step that the conversation does not hold is due, so that nothing has to be remembered. */
export function answerOf({ tools, called }: Asked, steps: readonly Step[]): Answer {
  const step = steps.find(one => !isDone(one, called));
  if (tools.length === 0 || step === undefined) return { text: 'That is all.' };
  if ('say' in step) return { text: step.say };
  if ('isEndless' in step) return { text: 'I am thinking. ', isEndless: true };
  if ('shell' in step) return runIn(tools, step.shell);
  const tool = tools.find(({ name }) => step.tool.test(name));
  // Some ask before their MCP servers are there, and have the tools with a later request. Twice the same call is a loop.
  return tool
    ? { text: 'I call a tool.', call: { tool, args: step.args ?? {} } }
    : runIn(tools, `sleep 0.5 # ${called.length}`);
}
