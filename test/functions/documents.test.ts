import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { chatops } from '../../functions/chatops.js';
import { createProgram } from '../../functions/cli/program.js';
import { references } from '../../functions/docs/references/all.js';
import { hooks } from '../../functions/hooks.js';
import type { Deps } from '../../functions/http/function.js';
import { notifySettings } from '../../functions/notify/settings.js';
import { openapi } from '../../functions/openapi.js';
import { secretVariables } from '../../lib/config/config.js';
import { ConfigError } from '../../lib/config/config-error.js';
import { platformVariable } from '../../lib/config/platform-settings.js';
import { environmentSchema } from '../../lib/config/variables.js';
import { errorRegistry } from '../../lib/domain/errors.js';
import {
  anchorsOf,
  brokenLinks,
  callsOf,
  pages,
  ROOT,
  readPage,
  shellLines,
  wordsOf,
} from './documents.helper.js';

const readme = pages.find(({ path }) => path === 'README.md');
const shell = pages.flatMap(({ fences }) => fences.filter(({ language }) => language === 'sh'));

/** Those that the command line reads for itself, that agents carry, or that only the Worker at the edge has. */
const elsewhere: ReadonlySet<string> = new Set([
  ...['KILLSWITCH_URL', 'KILLSWITCH_TOKEN', 'KILLSWITCH_TOKEN_FILE', 'KILLSWITCH_CONFIG'],
  'KILLSWITCH_AGENT_ID',
  ...['KILLSWITCH_ORIGINS', 'KILLSWITCH_GATEWAY_KEY', 'KILLSWITCH_ORIGIN_TIMEOUT'],
]);

/** Whether a platform has this setting, by what its own check says of a lone value. */
function isOfPlatform(name: string): boolean {
  if (!platformVariable.test(name)) return false;
  const settings = { [name]: 'x' };
  for (const check of [hooks.check, chatops.check, notifySettings]) {
    try {
      check?.(settings);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      if (error.problems.some(problem => problem.startsWith(`${name} is not known`))) return false;
    }
  }
  return true;
}

function isSetting(name: string): boolean {
  const plain = name.replace(/_FILE$/, '');
  if (plain !== name && (secretVariables.includes(plain) || isOfPlatform(plain))) return true;
  return Object.hasOwn(environmentSchema.shape, name) || elsewhere.has(name) || isOfPlatform(name);
}

describe('the README', () => {
  it('is short enough to be read to its end', () => {
    const text = readme?.text ?? '';
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(220);
    expect(text.split(/\s+/).filter(Boolean).length).toBeLessThanOrEqual(1_300);
  });

  it('installs the package by the name that it has', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const named = pages.flatMap(({ text }) => text.match(/killswitch-\d\S*\.tgz/g) ?? []);
    expect([...new Set(named)]).toEqual([`killswitch-${version}.tgz`]);
  });

  it('leads to every guide', () => {
    // The references are reached from the guides that they belong to.
    const guides = pages.map(({ path }) => path).filter(path => !/^README|-reference\.md$/.test(path));
    expect(guides.length).toBeGreaterThan(10);
    expect(guides.filter(path => !readme?.text.includes(`](${path}`))).toEqual([]);
  });
});

describe.each(pages.map(page => [page.path, page] as const))('%s', (_, page) => {
  it('has a title, and says next what it is for', () => {
    expect(page.text).toMatch(/^# \S.*\n\n[A-Z].*\.\n/);
  });

  it('has links that lead somewhere', () => {
    expect(brokenLinks(page)).toEqual([]);
  });

  it('names only settings that there are', () => {
    const names = [...page.text.matchAll(/KILLSWITCH_[A-Z0-9_]*[A-Z0-9](?![\w<])/g)].map(([name]) => name);
    expect([...new Set(names)].filter(name => !isSetting(name))).toEqual([]);
  });
});

const document = (await (await openapi.routes({} as Deps).request('/openapi.json')).json()) as {
  paths: Record<string, object>;
};
const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.keys(methods).map(method => ({
    method: method.toUpperCase(),
    path: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  })),
);
const isRoute = (method: string, path: string): boolean =>
  routes.some(route => route.method === method && route.path.test(path));

describe('the contract in the prose', () => {
  it('has the paths and methods that there are', () => {
    const named = pages.flatMap(({ path, prose }) =>
      [...prose.matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/[^\s`?]*)/g)].map(([, method = '', to = '']) => ({
        at: path,
        method,
        to,
      })),
    );
    // A program of one's own puts them under a path of its own.
    const unknown = named.filter(({ method, to }) => !isRoute(method, to.replace(/^\/stop(?=\/)/, '')));
    expect(unknown).toEqual([]);
    expect(named.length).toBeGreaterThan(30);
  });

  it('has the errors that there are, each with its status', () => {
    const rows = pages.flatMap(({ prose }) => [
      ...[...prose.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [status, code]),
      ...[...prose.matchAll(/\b(\d{3}),? \(?`([a-z]+_?[a-z_]*)`/g)].map(([, status, code]) => [status, code]),
    ]);
    const known = Object.entries(errorRegistry).map(([code, { status }]) => `${status} ${code}`);
    expect(rows.map(row => row.join(' ')).filter(row => !known.includes(row))).toEqual([]);
    expect(rows.length).toBeGreaterThan(15);
  });
});

describe('a reference', () => {
  it.each(Object.entries(references()))('is what the schemas and the program say: %s', (name, text) => {
    const isFresh = pages.find(({ path }) => path.endsWith(`/${name}`))?.text === text;
    expect(isFresh, `${name} is stale: run "npm run docs" and commit what it writes`).toBe(true);
  });
});

describe('the requests in the documents', () => {
  const calls = shell.flatMap(({ document, line, text }) =>
    callsOf('curl', text).map(words => ({ at: `${document}:${line}`, words })),
  );

  it('go to paths and methods that there are', () => {
    const unknown = calls.filter(({ words }) => {
      const url = words.find(word => /^(\$KILLSWITCH_URL|https?:\/\/)/.test(word)) ?? '';
      const path = url.replace(/^(\$KILLSWITCH_URL|https?:\/\/[^/]+)/, '').replace(/\?.*$/, '');
      const method = words[words.indexOf('-X') + 1 || -1] ?? 'GET';
      return !isRoute(method, path);
    });
    expect(unknown).toEqual([]);
    expect(calls.length).toBeGreaterThan(10);
  });

  it('fail where the server does not do what they ask', () => {
    expect(calls.filter(({ words }) => !words.some(word => /^(-f|--fail-with-body)/.test(word)))).toEqual([]);
  });
});

/** Parses a command line as the program does, and does nothing of what it says. */
async function parse(args: readonly string[]): Promise<string> {
  const program = createProgram();
  const silence = (command: Command): void => {
    command.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
    command.action(() => undefined);
    for (const one of command.commands) silence(one);
  };
  for (const one of program.commands) silence(one);
  program.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  try {
    await program.parseAsync(args, { from: 'user' });
    return 'fine';
  } catch (error) {
    const { code, exitCode, message } = error as CommanderError;
    return exitCode === 0 && code !== 'commander.help' ? 'fine' : message;
  }
}

describe('the commands in the documents', () => {
  const inBlocks = shell.flatMap(({ document, line, text }) =>
    callsOf('killswitch', text).map(args => ({ at: `${document}:${line}`, args })),
  );
  /** Whole ones, in which nothing is left open. */
  const inProse = pages.flatMap(({ path, prose }) =>
    [...prose.matchAll(/`(?:sudo )?killswitch ([^`<[|…]+)`/g)].map(([, words = '']) => ({
      at: path,
      args: wordsOf(words),
    })),
  );
  // It prints the version where it is parsed.
  const calls = [...inBlocks, ...inProse].filter(({ args }) => args[0] !== '--version');

  it('are known to the program, with all their options', async () => {
    const said = await Promise.all(calls.map(async ({ at, args }) => `${at}: ${await parse(args)}`));
    expect(said.filter(text => !text.endsWith(': fine'))).toEqual([]);
    expect(inBlocks.length).toBeGreaterThan(50);
    expect(inProse.length).toBeGreaterThan(5);
  });

  it('are told from those that it does not know', async () => {
    expect(await parse(['kill', 'a1', '--nonesuch'])).toContain("unknown option '--nonesuch'");
    expect(await parse(['pause', 'a1'])).toContain('unknown command');
    expect(await parse(['token', '--ttl', 'soon'])).toContain('soon');
    expect(await parse(['quarantine', 'restore', 'a1'])).toContain('missing required argument');
  });
});

describe('the reader of documents', () => {
  it('takes a page apart into prose and blocks', () => {
    const page = readPage('a.md', '# A\n\n1. b\n\n   ```sh no-run\n   c \\\n     d\n   ```\n\ne');
    expect(page.fences).toEqual([
      { document: 'a.md', line: 6, language: 'sh', words: ['no-run'], text: 'c \\\n  d' },
    ]);
    expect(page.prose).toBe('# A\n\n1. b\n\n\ne');
    expect(shellLines(page.fences[0]?.text ?? '')).toEqual(['c d']);
  });

  it('knows the anchors of headings', () => {
    expect([...anchorsOf('# A b\n## `c`, d (e)\n## A b')]).toEqual(['a-b', 'c-d-e', 'a-b-1']);
  });

  it('finds links that lead nowhere', () => {
    const page = readPage(
      'README.md',
      '[a](LICENSE) [b](none.md) [c](#d) `[e](f)` [g](https://h)\n# I\n[j](#i)',
    );
    expect(brokenLinks(page)).toEqual(['README.md: none.md leads nowhere', 'README.md: #d names no heading']);
  });

  it('finds the calls of a program, with their words as a shell takes them', () => {
    const text = 'a=$(k b "c d" \'e\') # k f\nif k g $(h i) > j; then\nk\\\n l; echo k m';
    expect(callsOf('k', text)).toEqual([['b', 'c d', 'e'], ['g', '$(h i)'], ['l']]);
    expect(wordsOf('a\\ b "c\\"d"')).toEqual(['a b', 'c\\"d']);
  });
});
