import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { markdownLines } from '../../../lib/triggers/markdown-lines.js';

const isAsked = (line: string): boolean => line.startsWith('/kill');
/** Where each command of a comment stands; `undefined`: it is plain text. */
const places = (...lines: readonly string[]) =>
  markdownLines(lines.join('\n'), isAsked).map(({ within }) => within);
const APART = 'leave an empty line before it';

describe('a command counts', () => {
  it.each<[string, readonly string[]]>([
    ['alone', ['/kill a1']],
    ['below words', ['It runs wild.', '/kill a1']],
    ['below a heading', ['# Stop', '/kill a1']],
    ['as a heading of the old form', ['/kill a1', '--']],
    ['below a rule', ['- x', '---', '/kill a1']],
    ['with code in its reason', ['/kill a1 it `rm`s', 'and `rm`s']],
    ['below a code span that ends', ['The agent `a1` leaks ``a ` b``.', '/kill a1']],
    ['below a backtick that no other one ends', ['It`s wild', '/kill a1 at once']],
    ['below a backtick that is escaped', ['It\\`s wild', '/kill a1']],
    ['below a code block', ['```', 'x', '```', '/kill a1']],
    ['below a code block of tildes with backticks in it', ['~~~', '```', '~~~', '/kill a1']],
    ['below a code block in a list', ['- ```', '  x', '  ```', '', '/kill a1']],
    ['below a code block in a list that its end is missing of', ['- ```', '  x', '', '/kill a1']],
    ['after a quote', ['> ```', '> x', '', '/kill a1']],
    ['after a list', ['- x', '- y', '', '/kill a1']],
    ['after a comment in HTML', ['<!-- x', '', 'y -->', '/kill a1']],
    ['after a comment in HTML with a tag in it', ['x <!-- <details> --> y', '', '/kill a1']],
    ['after a fold', ['<details>', '<summary>`x`</summary>', '', 'y', '</details>', '', '/kill a1']],
    ['after a fold in a code span', ['`<details>` hides it', '', '/kill a1']],
    ['after an end of what never began', ['</details>', '', '/kill a1']],
    ['after a picture', ['<img src="x" width="1">', '', '/kill a1']],
    ['after a script', ['<script>', '', '</script>', '', '/kill a1']],
    ['after an instruction', ['<?x', '?>', '/kill a1']],
    ['below a link that ends', ['See [this](https://x.example).', '/kill a1']],
  ])('%s', (_name, lines) => {
    expect(places(...lines)).toEqual([undefined]);
  });

  it.each(['\n', '\r\n', '\r'])('whatever ends the lines: %j', end => {
    const text = ['x', '/kill a1', '```', '/kill a2', '```'].join(end);
    expect(markdownLines(text, isAsked)).toEqual([
      { text: '/kill a1' },
      { text: '/kill a2', within: 'a code block' },
    ]);
  });
});

describe('a command does not count', () => {
  it.each<[string, readonly string[], string]>([
    ['in a code block', ['```', '/kill a1', '```'], 'a code block'],
    ['in one that no line ends', ['```', '/kill a1'], 'a code block'],
    ['in one that a shorter fence does not end', ['````', '```', '/kill a1'], 'a code block'],
    ['in one that another fence does not end', ['```', '~~~', '/kill a1'], 'a code block'],
    ['in one that a fence with words does not end', ['```', '``` js', '/kill a1'], 'a code block'],
    ['in one that an indented fence does not end', ['```', '\t```', '/kill a1'], 'a code block'],
    ['in one with words behind its fence', ['~~~ sh `x`', '/kill a1'], 'a code block'],
    ['in one after a list', ['- ```', 'x', '```', '/kill a1'], 'a code block'],
    [
      'in one that may be of a list or not',
      ['- x', '  ```', 'y', '```', '/kill a1', '```'],
      'text that can be read in two ways',
    ],
    ['in a code span', ['a `', '/kill a1', '` b'], 'a code span'],
    ['in a code span that begins after another one', ['`x` ``y', '/kill a1``'], 'a code span'],
    ['in a comment of HTML', ['<!--', '', '/kill a1', '-->'], 'HTML'],
    ['in a block of HTML', ['<div>', '/kill a1', '</div>'], 'HTML'],
    ['in preformatted text', ['<pre>', '', '/kill a1', '</pre>'], 'HTML'],
    ['in character data', ['<![CDATA[', '/kill a1', ']]>'], 'HTML'],
    ['in a declaration', ['<!X', '/kill a1', '>'], 'HTML'],
    ['in a fold', ['<DETAILS open>', '', '/kill a1', '', '</details>'], '<details>'],
    ['in a fold in a fold', ['<details>', '<details>', '</details>', '', '/kill a1'], '<details>'],
    ['in a fold whose tag has no end', ['<details', '', '/kill a1'], '<details>'],
    ['in crossed-out text', ['x <del>y', '', '/kill a1'], '<del>'],
    ['in an inline comment', ['x <!--', '/kill a1', '-->'], `a paragraph with HTML: ${APART}`],
    ['in a quote that goes on', ['> x', '/kill a1'], `a quote or a list: ${APART}`],
    ['in a list that goes on', ['1. x', '/kill a1'], `a quote or a list: ${APART}`],
    ['in a later paragraph of a list', ['- x', '', '  y', '/kill a1'], `a quote or a list: ${APART}`],
    ['in the head of a table', ['/kill a1 | x', '--- | ---'], `a table: ${APART}`],
    ['in the body of a table', ['| a |', '|---|', '/kill a1'], `a table: ${APART}`],
    ['between tildes', ['~~x', '/kill a1', 'y~~'], 'crossed-out text'],
    ['in a formula', ['$$', '/kill a1', '$$'], 'a formula'],
    ['in the text of a picture', ['![x', '/kill a1](y)'], `a link: ${APART}`],
    ['in the title of a link', ['x [y](z "', '/kill a1")'], `a link: ${APART}`],
    ['where a link is defined', ['[x]:', '/kill a1'], `a link: ${APART}`],
    [
      'after what may be HTML or a paragraph with a code block',
      ['<x>', '```', '', '/kill a1'],
      'text that can be read in two ways',
    ],
  ])('%s', (_name, lines, within) => {
    expect(places(...lines)).toEqual([within]);
  });

  it('beyond the first 50', () => {
    const found = places(...Array<string>(52).fill('/kill a1\n'));
    expect(found.slice(0, 50)).toEqual(Array(50).fill(undefined));
    expect(found.slice(50)).toEqual(Array(2).fill('a comment with too many commands'));
  });
});

const COMMAND = '/kill a1';
/** Text that GitHub shows as it is, in paragraphs of its own. */
const plain = fc.constantFrom(
  'It leaks.',
  'The agent `a1` runs wild',
  'a < b',
  'x\\',
  '# Now',
  '(see above',
  '',
);
/** A command that nobody meant. */
const hidden = fc.constantFrom(
  ['```', COMMAND, '```'],
  ['~~~~ sh', COMMAND, '~~~', '~~~~~'],
  ['<!--', COMMAND, '-->'],
  ['<details>', '', COMMAND, '', '</details>'],
  ['<blockquote>', '', COMMAND, '', '</blockquote>'],
  ['> it says', COMMAND],
  ['- do', COMMAND],
  ['see `x', COMMAND, 'y`'],
);
const block = fc.oneof(
  plain.map(text => ({ lines: [text], commands: 0, hidden: 0 })),
  fc.constant({ lines: [COMMAND], commands: 1, hidden: 0 }),
  plain.map(text => ({ lines: [text, COMMAND], commands: 1, hidden: 0 })),
  hidden.map(lines => ({ lines, commands: 0, hidden: 1 })),
);

it('takes from any comment what was meant, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(block, { maxLength: 12 }), blocks => {
      const found = places(...blocks.flatMap(({ lines }) => [...lines, '']));
      const sum = (name: 'commands' | 'hidden') => blocks.reduce((all, one) => all + one[name], 0);
      expect(found.filter(within => within === undefined)).toHaveLength(sum('commands'));
      expect(found.filter(within => within !== undefined)).toHaveLength(sum('hidden'));
    }),
    { numRuns: 1_000 },
  );
});

it.each(['`', '<!--', '[', '](', '-', '<code>', '`\n', '- ```\n', '/kill a1\n', '<\n', '~', '\\', '\t'])(
  'reads 64 KiB of %j to its end',
  text => {
    const long = text.repeat(Math.ceil(65_536 / text.length));
    expect(() => markdownLines(`${long}\n${COMMAND}`, isAsked)).not.toThrow();
  },
);
