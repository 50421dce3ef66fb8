import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable } from '../../functions/cli/printable.js';
import { describeRecord, tableOf } from '../../functions/cli/table.js';

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

describe('printable', () => {
  it.each([
    ['an escape sequence', '\u001b[2Jgone', '\\u001b[2Jgone'],
    ['a one-character CSI', '\u009b31mred', '\\u009b31mred'],
    ['a bidirectional override', 'a\u202etxt.exe', 'a\\u202etxt.exe'],
    ['a line end', 'one\r\ntwo', 'one\\u000d\\u000atwo'],
    ['DEL', '\u007f', '\\u007f'],
    ['a zero-width space', 'a\u200bb', 'a\\u200bb'],
    ['a tag character, in its two halves', '\u{e0041}', '\\udb40\\udc41'],
    ['a lone surrogate', '\ud800', '\\ud800'],
    ['plain text of any script, left as it is', 'Ağent 東京 🙂 é', 'Ağent 東京 🙂 é'],
  ])('shows %s', (_, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('lets nothing through that a terminal obeys or that cannot be seen', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(printable(text)).not.toMatch(UNPRINTABLE);
      }),
    );
  });

  it('leaves JSON the same JSON', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(JSON.parse(printable(JSON.stringify(text)))).toBe(text);
      }),
    );
  });
});

describe('the table', () => {
  it('holds nothing of a record that a terminal would obey', async () => {
    const evil = '\u001b]0;title\u0007\u202e\n\u009b2J';
    const records = [
      { agentId: 'a1', status: 'running', taskId: evil, host: evil, containerId: evil, startedAt: evil },
      { agentId: 'a2', status: evil, detail: evil },
    ];
    const lines = (await tableOf(records)).split('\n');
    expect(lines.filter(line => UNPRINTABLE.test(line))).toEqual([]);
    expect(lines.join('\n')).toContain('\\u001b]0;title');
    expect(describeRecord({ agentId: 'a1', [evil]: { [evil]: evil } }).split('\n')).toHaveLength(2);
  });

  it('shows what a killed agent still owes', async () => {
    const kill = { operationId: 'o', pending: ['container', 'worktree'] };
    const table = await tableOf([{ agentId: 'a1', status: 'killed', kill, process: { pid: 42 } }]);
    expect(table).toContain('container, worktree');
    expect(table).toContain('process 42');
  });
});
