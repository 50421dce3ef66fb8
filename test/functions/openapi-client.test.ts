import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { document } from './documented.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What somebody writes who has nothing but the generated types. */
const program = `
  import createClient from 'openapi-fetch';
  import type { components, paths } from './generated.js';

  type Outcome = components['schemas']['LayerOutcome']['outcome'];

  const client = createClient<paths>({ baseUrl: 'http://127.0.0.1:8787' });

  export async function stop(agentId: string): Promise<readonly Outcome[]> {
    const { data, error } = await client.POST('/agents/{agentId}/kill', {
      params: { path: { agentId }, header: { 'Idempotency-Key': 'k1' } },
      body: { reason: 'it deletes branches' },
    });
    if (error) throw new Error(error.code === 'agent_not_found' ? 'unknown' : error.title);
    return (data.outcomes ?? []).map(({ outcome }) => outcome);
  }

  export async function count(): Promise<number> {
    const { data } = await client.POST('/agents/kill-all', { body: { selector: { taskId: 't1' }, latch: true } });
    return data === undefined ? 0 : data.killed + data.agents.length;
  }

  export async function isEngaged(): Promise<boolean> {
    const { data } = await client.GET('/latch');
    return data?.engaged === true && data.selector?.taskId === undefined;
  }

  export async function whoAsked(): Promise<string | undefined> {
    const { data } = await client.GET('/audit', { params: { query: { agentId: 'a1', limit: 10 } } });
    // As NDJSON it is a text.
    return typeof data === 'object' ? data.entries[0]?.actor : undefined;
  }

  // @ts-expect-error a path that there is not
  export const first = () => client.POST('/agents/{agentId}/kil', {});
  // @ts-expect-error a member of another type
  export const second = () => client.POST('/agents/kill-all', { body: { latch: 'yes' } });
  // @ts-expect-error a reason is missing
  export const third = () => client.DELETE('/latch', { body: {} });
`;

/** Errors of these files, which stand among the tests, in the words of the compiler. */
function compile(files: Readonly<Record<string, string>>): string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, ROOT);
  const texts = new Map(Object.entries(files).map(([name, text]) => [join(ROOT, 'test', name), text]));
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = path => texts.has(path) || fileExists(path);
  host.readFile = path => texts.get(path) ?? readFile(path);
  const compiled = ts.createProgram(
    [...texts.keys()],
    { ...options, noEmit: true, declaration: false },
    host,
  );
  return ts.getPreEmitDiagnostics(compiled).map(({ file, start = 0, messageText }) => {
    const line = file?.text.slice(0, start).split('\n').length;
    return `${file?.fileName.slice(ROOT.length)}:${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}

describe('a client that is generated from the document', () => {
  let generated = '';
  beforeAll(async () => {
    generated = astToString(await openapiTS(document as unknown as OpenAPI3));
  });

  it('compiles as strictly as this program, takes what the server takes, and nothing else', () => {
    expect(compile({ 'generated.ts': generated, 'program.ts': program })).toEqual([]);
  });

  it('knows everything that an answer says', () => {
    const types = generated.replaceAll(/\/\*[\s\S]*?\*\//g, '');
    // The generator's own word for headers that a document does not name.
    const known = types.replaceAll('[name: string]: unknown;', '');
    expect(known.match(/.*\b(unknown|any)\b.*/g) ?? []).toEqual([]);
    expect(known).toContain('KillReceipt');
  });
});
