import { describe, expect, it } from 'vitest';
import { chatops } from '../../functions/chatops.js';
import { hooks } from '../../functions/hooks.js';
import type { Deps } from '../../functions/http/function.js';
import { notifySettings } from '../../functions/notify/settings.js';
import { openapi } from '../../functions/openapi.js';
import { ConfigError, platformVariable, secretVariables } from '../../lib/config/config.js';
import { environmentSchema } from '../../lib/config/environment.js';
import { anchorsOf, brokenLinks, callsOf, pages, readPage, shellLines, wordsOf } from './documents.helper.js';

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

  it('leads to every guide', () => {
    const guides = pages.map(({ path }) => path).filter(path => path !== 'README.md');
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

describe('the requests in the documents', () => {
  const calls = shell.flatMap(({ document, line, text }) =>
    callsOf('curl', text).map(words => ({ at: `${document}:${line}`, words })),
  );

  it('go to paths and methods that there are', async () => {
    const document = await (await openapi.routes({} as Deps).request('/openapi.json')).json();
    const routes = Object.entries((document as { paths: Record<string, object> }).paths).flatMap(
      ([path, methods]) =>
        Object.keys(methods).map(method => ({
          method: method.toUpperCase(),
          path: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
        })),
    );
    const unknown = calls.filter(({ words }) => {
      const url = words.find(word => /^(\$KILLSWITCH_URL|https?:\/\/)/.test(word)) ?? '';
      const path = url.replace(/^(\$KILLSWITCH_URL|https?:\/\/[^/]+)/, '').replace(/\?.*$/, '');
      const method = words[words.indexOf('-X') + 1 || -1] ?? 'GET';
      return !routes.some(route => route.method === method && route.path.test(path));
    });
    expect(unknown).toEqual([]);
    expect(calls.length).toBeGreaterThan(10);
  });

  it('fail where the server does not do what they ask', () => {
    expect(calls.filter(({ words }) => !words.some(word => /^-f/.test(word)))).toEqual([]);
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
