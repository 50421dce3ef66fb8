import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  adaptersStandAlone,
  aloneReadsArgumentsOnly,
  coreIsPure,
  coreKnowsNoLayer,
  fakesStayInTests,
  filesAreShort,
  importsOf,
  noCycles,
  nothingImportsTests,
  oneReaderOfTheEnvironment,
  onlyRootsKnowAdapters,
  type Rule,
  zodIsANamespace,
} from './structure/rules.js';
import { wordsArePlain } from './structure/words.js';

const root = fileURLToPath(new URL('..', import.meta.url));

const filesIn = (...folders: readonly string[]) =>
  folders
    .flatMap(folder => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter(entry => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
    .map(path => ({
      path: relative(root, path).replaceAll('\\', '/'),
      text: readFileSync(path, 'utf8'),
    }));

const sources = filesIn('functions', 'lib');
const everything = [...sources, ...filesIn('test')];

const file = (path: string, text: string) => ({ path, text });
const lines = (count: number): string => 'line\n'.repeat(count);

/** Each with small examples that break it, by what it says of them. */
const rules: [
  name: string,
  rule: Rule,
  files: typeof sources,
  broken: [string, ...ReturnType<typeof file>[]][],
][] = [
  [
    'functions do not import adapters, but for the composition roots',
    onlyRootsKnowAdapters,
    sources,
    [
      [
        'functions/kill.ts imports lib/adapters/log.ts',
        file('functions/kill.ts', "import { openLog } from '../lib/adapters/log.js';"),
      ],
      [
        'functions/cli/main.ts imports lib/adapters/valkey/index.ts',
        file(
          'functions/cli/main.ts',
          "const { openValkey } = await import('../../lib/adapters/valkey/index.js');",
        ),
      ],
      [
        'functions/hooks/github.ts imports lib/adapters/log.ts',
        file('functions/hooks/github.ts', "export type { LogOptions } from '../../lib/adapters/log.js';"),
      ],
    ],
  ],
  [
    'the core imports its own files and zod alone',
    coreIsPure,
    sources,
    [
      ['lib/x/stop.ts imports node:fs', file('lib/x/stop.ts', "import { readFileSync } from 'node:fs';")],
      ['lib/x/stop.ts imports ioredis', file('lib/x/stop.ts', "import type { Redis } from 'ioredis';")],
      ['lib/x/stop.ts imports lib/adapters/log.ts', file('lib/x/stop.ts', "import '../adapters/log.js';")],
      ['lib/x/stop.ts imports functions/kill.ts', file('lib/x/stop.ts', "import '../../functions/kill.js';")],
      ['lib/x/stop.ts imports fs', file('lib/x/stop.ts', "const fs = await import('fs');")],
    ],
  ],
  [
    'an adapter imports the core but for the spine, its own folder, and one driver',
    adaptersStandAlone,
    sources,
    [
      [
        'lib/adapters/docker/index.ts imports lib/stop/stop.ts',
        file('lib/adapters/docker/index.ts', "import type { Stop } from '../../stop/stop.js';"),
      ],
      [
        'lib/adapters/docker/index.ts imports lib/adapters/process/index.ts',
        file('lib/adapters/docker/index.ts', "import { createProcesses } from '../process/index.js';"),
      ],
      [
        'lib/adapters/docker.ts imports functions/node.ts',
        file('lib/adapters/docker.ts', "import '../../functions/node.js';"),
      ],
      [
        'lib/adapters/docker has several drivers: dockerode, @scope/other',
        file('lib/adapters/docker/index.ts', "import Docker from 'dockerode';"),
        file('lib/adapters/docker/more.ts', "import '@scope/other/deep';\nimport 'dockerode/lib/x';"),
      ],
    ],
  ],
  [
    'nothing outside of the tests imports them',
    nothingImportsTests,
    sources,
    [['lib/x.ts imports test/fakes/log.ts', file('lib/x.ts', "import '../test/fakes/log.js';")]],
  ],
  [
    'no import comes round in a circle',
    noCycles,
    sources,
    [
      [
        'lib/a.ts -> lib/b.ts -> lib/c.ts -> lib/a.ts',
        file('lib/a.ts', "import './b.js';"),
        file('lib/b.ts', "export * from './c.js';"),
        file('lib/c.ts', "import type { A } from './a.js';"),
      ],
      ['lib/a.ts -> lib/a.ts', file('lib/a.ts', "import './a.js';")],
      [
        'functions/kill.ts -> functions/server/alone.ts -> functions/server/start.ts -> functions/kill.ts',
        file('functions/kill.ts', "import './server/alone.js';"),
        file(
          'functions/server/alone.ts',
          "const url = () => new URL('../../functions/server/start.js', import.meta.url).href;\nawait import(url());",
        ),
        file('functions/server/start.ts', "const { kill } = await import('../kill.js');"),
      ],
    ],
  ],
  [
    'zod is imported as a namespace, which a bundle can be rid of',
    zodIsANamespace,
    sources,
    [['lib/a.ts imports zod by names', file('lib/a.ts', "import { z } from 'zod';")]],
  ],
  [
    'files are short',
    filesAreShort,
    sources,
    [
      ['lib/a.ts has 251 lines', file('lib/a.ts', lines(251)), file('lib/b.ts', ''), file('lib/c.ts', '')],
      [
        'the median is 81 lines',
        file('lib/a.ts', lines(81)),
        file('lib/b.ts', lines(81)),
        file('lib/c.ts', ''),
      ],
    ],
  ],
  [
    'one place reads the environment',
    oneReaderOfTheEnvironment,
    sources,
    [
      ['lib/a.ts reads process.env', file('lib/a.ts', 'const home = process.env.HOME;')],
      ['lib/b.ts reads process.env', file('lib/b.ts', "const home = process['env'].HOME;")],
      ['lib/c.ts reads process.env', file('lib/c.ts', 'const { argv, env } = globalThis.process;')],
      ['lib/d.ts reads process.env', file('lib/d.ts', 'const home = globalThis.process?.env?.HOME;')],
    ],
  ],
  [
    'a function that is started alone reads only the arguments of the process',
    aloneReadsArgumentsOnly,
    sources,
    [
      [
        'functions/server/run-alone.ts reads more of the process than its arguments',
        file('functions/server/run-alone.ts', 'const entry = process.argv[1]; process.exit(1);'),
      ],
    ],
  ],
  [
    'the core knows the layers that the short forms name in one file',
    coreKnowsNoLayer,
    sources,
    [
      [
        'lib/stop/x.ts knows a layer by its word',
        file('lib/stop/x.ts', "// of a 'container'\nif (layer === 'container') await remove();"),
      ],
      ['lib/x/y.ts knows a layer by its word', file('lib/x/y.ts', 'const layers = new Set(["process"]);')],
    ],
  ],
  [
    'fakes stay among the tests',
    fakesStayInTests,
    everything,
    [
      ['lib/fake-store.ts holds a fake', file('lib/fake-store.ts', '')],
      ['test/lib/x.test.ts holds a fake', file('test/lib/x.test.ts', 'export function fakeStore() {}')],
      ['functions/x.ts holds a fake', file('functions/x.ts', 'export class FakeClock {}')],
    ],
  ],
  [
    'code, comments and names of tests use words that people say aloud',
    wordsArePlain,
    everything,
    [
      ['lib/x/a.ts says "nobody"', file('lib/x/a.ts', '// Nobody waits for it.')],
      ['functions/a.ts says "struck"', file('functions/a.ts', 'const struckFirst = 1;')],
      ['test/a.test.ts says "told of"', file('test/a.test.ts', "it('is told of a stop', () => undefined);")],
      [
        'test/b.test.ts says "whoever"',
        file('test/b.test.ts', "it.each([1])('stops whoever %s', () => {});"),
      ],
    ],
  ],
];

describe('the structure', () => {
  it.each(rules)('%s', (_, rule, files) => {
    expect(rule(files)).toEqual([]);
  });

  it.each(
    rules.flatMap(([name, rule, , broken]) =>
      broken.map(([breach, ...files]) => ({ name, breach, rule, files })),
    ),
  )('is checked by a rule that sees the breach: $breach', ({ rule, breach, files }) => {
    expect(rule(files)).toEqual([breach]);
  });

  it('is read whole', () => {
    const paths = everything.map(({ path }) => path);
    for (const path of [
      'lib/stop/stop.ts',
      'lib/adapters/log.ts',
      'functions/node.ts',
      'functions/cli/main.ts',
      'test/structure.test.ts',
    ]) {
      expect(paths).toContain(path);
    }
  });
});

describe('the imports of a file', () => {
  it('are all that it names, from the root on', () => {
    const text = `
      import a from './a.js';
      import type { B } from '../b.js';
      export { c } from "zod";
      const d = await import('node:fs');
      type E = import('./e.js').E;
      const f = import(new URL('./f.js', import.meta.url).href);
      const data = new URL('./data.lua', import.meta.url);
      // import './comment.js';
      const text = "import './text.js'";`;
    expect(importsOf(file('lib/x/y.ts', text)).sort()).toEqual([
      'lib/b.ts',
      'lib/x/a.ts',
      'lib/x/e.ts',
      'lib/x/f.ts',
      'node:fs',
      'zod',
    ]);
  });
});

it('does not take a comment that speaks of the environment for its use', () => {
  const spoken = '// reads process.env\n/* const { env } = process */ const x = "process";';
  expect(oneReaderOfTheEnvironment([file('lib/a.ts', spoken)])).toEqual([]);
});
