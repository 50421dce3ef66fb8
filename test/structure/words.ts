import ts from 'typescript';
import type { Rule, SourceFile } from './rules.js';

/** Words that an engineer would not say aloud, each with what to say instead. */
const WORDS: Readonly<Record<string, string>> = {
  nobody: 'no one, no process, nothing',
  somebody: 'someone, another process, the caller',
  anybody: 'anyone, any process',
  everybody: 'everyone, every agent',
  whoever: 'the one that, the process that',
  whomever: 'the one that',
  spoilt: 'corrupt, invalid',
  amid: 'during',
  'bears? witness': 'shows, proves',
  'strikes?': 'kill, stop',
  struck: 'killed, stopped',
  'told of': 'reported, logged, notified',
  'tells? of': 'reports, logs, notifies',
  whence: 'from where',
  hitherto: 'until now',
  lest: 'so that it does not',
  albeit: 'although',
};

const PLAIN_WORDS = new RegExp(`\\b(${Object.keys(WORDS).join('|')})\\b`, 'gi');

/** With the parts of a name as words of their own: `struckFirst` is `struck First`. */
const asWords = (text: string): string => text.replace(/([a-z])([A-Z])/g, '$1 $2');

/** The names of suites and tests; everything else in a test is its own business. */
function testNames({ path, text }: SourceFile): string {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    const [name] = ts.isCallExpression(node) ? node.arguments : [];
    if (name && ts.isCallExpression(node) && /^(it|test|describe)\b/.test(node.expression.getText())) {
      if (ts.isStringLiteralLike(name) || ts.isTemplateExpression(name)) names.push(name.getText());
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return names.join('\n');
}

export const wordsArePlain: Rule = files =>
  files
    .filter(({ text }) => asWords(text).search(PLAIN_WORDS) >= 0)
    .flatMap(file => {
      const said = file.path.startsWith('test/') ? testNames(file) : file.text;
      const found = [...asWords(said).matchAll(PLAIN_WORDS)].map(([word]) => word.toLowerCase());
      return [...new Set(found)].map(word => `${file.path} says "${word}"`);
    });
