import { dirname, join } from 'node:path/posix';
import ts from 'typescript';

/** A file of the project: its path from the root with `/`, and what is in it. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Gives one sentence for each breach. */
export type Rule = (files: readonly SourceFile[]) => string[];

/** The files that a file names by `new URL('…', import.meta.url)`, as for an `import()` that no bundler follows. */
function urlsIn(text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText() === 'URL') {
      const [path, base] = node.arguments ?? [];
      if (path && ts.isStringLiteralLike(path) && base?.getText() === 'import.meta.url')
        found.push(path.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('', text, ts.ScriptTarget.Latest, true));
  return found.filter(path => /^\.{1,2}\/.*\.js$/.test(path));
}

/**
 * Every module that a file names, types and computed imports included; `./` and `../` ones as paths from the root,
 * ending by `.ts`.
 */
export function importsOf({ path, text }: SourceFile): string[] {
  const { importedFiles } = ts.preProcessFile(text, true, true);
  const names = [...importedFiles.map(({ fileName }) => fileName), ...urlsIn(text)];
  return names.map(name => (name.startsWith('.') ? join(dirname(path), name).replace(/\.js$/, '.ts') : name));
}

const breaches = (
  files: readonly SourceFile[],
  applies: (path: string) => boolean,
  isAllowed: (imported: string, from: string) => boolean,
): string[] =>
  files
    .filter(({ path }) => applies(path))
    .flatMap(file =>
      importsOf(file)
        .filter(imported => !isAllowed(imported, file.path))
        .map(imported => `${file.path} imports ${imported}`),
    );

const isAdapter = (path: string): boolean => path.startsWith('lib/adapters/');
const isCore = (path: string): boolean => path.startsWith('lib/') && !isAdapter(path);
const isOurs = (path: string): boolean => /^(lib|functions|test)\//.test(path);
const ROOTS = ['functions/node.ts', 'functions/worker.ts'];
/** What an adapter may know of the core. */
const FOR_ADAPTERS = /^lib\/(ports|domain|util)\//;

export const onlyRootsKnowAdapters: Rule = files =>
  breaches(
    files,
    path => path.startsWith('functions/') && !ROOTS.includes(path),
    imported => !isAdapter(imported),
  );

export const coreIsPure: Rule = files =>
  breaches(files, isCore, imported => isCore(imported) || imported === 'zod');

/** `lib/adapters/x.ts` and `lib/adapters/x/…` are one adapter. */
const adapterOf = (path: string): string => path.split('/')[2]?.replace(/(\.d)?\.ts$/, '') ?? '';
const packageOf = (imported: string): string =>
  imported.split('/', imported.startsWith('@') ? 2 : 1).join('/');
/**
 * What an adapter may have beside its driver: what reaches nothing outside of the process, and execa, which stands in
 * for `node:child_process` where a program needs limits, and is no more of a driver than that.
 */
const HELPERS = ['zod', 'p-limit', 'execa'];
const isDriver = (imported: string): boolean =>
  !isOurs(imported) && !imported.startsWith('node:') && !HELPERS.includes(imported);

export const adaptersStandAlone: Rule = files => {
  const adapters = files.filter(({ path }) => isAdapter(path));
  const drivers = new Map<string, Set<string>>();
  for (const file of adapters) {
    const known = drivers.get(adapterOf(file.path)) ?? new Set();
    for (const imported of importsOf(file).filter(isDriver)) known.add(packageOf(imported));
    drivers.set(adapterOf(file.path), known);
  }
  return [
    ...breaches(
      adapters,
      () => true,
      (imported, from) =>
        !isOurs(imported) ||
        FOR_ADAPTERS.test(imported) ||
        (isAdapter(imported) && adapterOf(imported) === adapterOf(from)),
    ),
    ...[...drivers]
      .filter(([, names]) => names.size > 1)
      .map(([adapter, names]) => `lib/adapters/${adapter} has several drivers: ${[...names].join(', ')}`),
  ];
};

export const nothingImportsTests: Rule = files =>
  breaches(
    files,
    path => !path.startsWith('test/'),
    imported => !imported.startsWith('test/'),
  );

/** Depth first; what is found on the way back to a file that is still open is a cycle. Types count as well. */
export const noCycles: Rule = files => {
  const graph = new Map(files.map(file => [file.path, importsOf(file)]));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) {
      found.push([...way.slice(way.indexOf(path)), path].join(' -> '));
      return;
    }
    if (done.has(path)) return;
    for (const imported of graph.get(path) ?? []) visit(imported, [...way, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
};

/** `import { z }` would put all of zod, its forty languages among it, into every bundle. */
export const zodIsANamespace: Rule = files =>
  files
    .filter(({ path }) => !path.startsWith('test/'))
    .filter(({ text }) => /^import (?!type |\* as )[^;]*? from ['"]zod['"]/m.test(text))
    .map(({ path }) => `${path} imports zod by names`);

const lengthOf = ({ text }: SourceFile): number => text.replace(/\n$/, '').split('\n').length;
const MAX_LINES = 250;
const MAX_MEDIAN = 80;

export const filesAreShort: Rule = files => {
  const lengths = files.map(lengthOf).sort((a, b) => a - b);
  const median = lengths[Math.floor(lengths.length / 2)] ?? 0;
  return [
    ...files
      .filter(file => lengthOf(file) > MAX_LINES)
      .map(file => `${file.path} has ${lengthOf(file)} lines`),
    ...(median > MAX_MEDIAN ? [`the median is ${median} lines`] : []),
  ];
};

/** Without comments, which may speak of everything. */
function codeOf(text: string): string {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, ts.LanguageVariant.Standard, text);
  let code = '';
  while (scanner.scan() !== ts.SyntaxKind.EndOfFileToken) code += `${scanner.getTokenText()} `;
  return code;
}

const ENVIRONMENT =
  /\bprocess\s*\??\.?\s*(\.|\[)\s*['"`]?env\b|\{[^}]*\benv\b[^}]*\}\s*=\s*(globalThis\s*\.\s*)?process\b/;
const ENVIRONMENT_READERS = ['functions/node.ts', 'functions/server/read-environment.ts'];

export const oneReaderOfTheEnvironment: Rule = files =>
  files
    .filter(({ path }) => !ENVIRONMENT_READERS.includes(path))
    .filter(file => ENVIRONMENT.test(codeOf(file.text)))
    .map(({ path }) => `${path} reads process.env`);

/** The words of the short forms, which one file turns into kinds of sandboxes and back. Settings have such words, too. */
/** A process is a kind as well. */
const LAYER_WORDS = /'container'|(?<!\bkind (?::|===|!==) )'process'/;
const KNOWS_SHORT_FORMS = 'lib/domain/sandbox.ts';

export const coreKnowsNoLayer: Rule = files =>
  files
    .filter(({ path }) => isCore(path) && path !== KNOWS_SHORT_FORMS && !path.startsWith('lib/config/'))
    .filter(({ text }) => LAYER_WORDS.test(codeOf(text).replaceAll(/["`]/g, "'")))
    .map(({ path }) => `${path} knows a layer by its word`);

/** What `functions/server/run-alone.ts` may ask of the process. */
export const aloneReadsArgumentsOnly: Rule = files =>
  files
    .filter(({ path }) => path === 'functions/server/run-alone.ts')
    .filter(({ text }) => /\bprocess\b(?! \?\. argv| \. argv)/.test(codeOf(text)))
    .map(({ path }) => `${path} reads more of the process than its arguments`);

export const fakesStayInTests: Rule = files =>
  files
    .filter(({ path }) => !path.startsWith('test/fakes/'))
    .filter(
      ({ path, text }) =>
        /(^|[/-])fakes?[.-][^/]*(?<!\.test)\.ts$/.test(path) ||
        /^\s*export\s+(async\s+)?(const|let|function|class)\s+[fF]ake[A-Z]/m.test(text),
    )
    .map(({ path }) => `${path} holds a fake`);
