import { expect, it } from 'vitest';
import { agent, change, collect, eachWith, LATCH, type OpenRecords, running } from './harness.js';

const odd: Readonly<Record<string, string>> = {
  'a big integer': '{"n":12345678901234567890,"m":1.0,"e":1E400}',
  'empty arrays and objects': '{"a":[],"o":{},"n":null}',
  'escapes that could be written otherwise': '{"a":"\\u00e9\\/\\ud83d\\ude00\\ud800"}',
  'other scripts': '{"a":"é e\u0301 漢字 😀 \u2028"}',
  'white space': ' \r\n{ "a" :\t1 } \n',
  'members that stand twice': '{"status":"running","status":"killed"}',
  'a byte order mark': '\uFEFF{}',
  'a zero character': '{"a":"\u0000"} \u0000 more',
  'no JSON': "'; DROP TABLE documents; --",
  'nothing at all': '',
  'half a megabyte': JSON.stringify({ a: 'é'.repeat(250_000) }),
};
const NOT_UTF8 = Uint8Array.from([0x7b, 0xff, 0xc3, 0x7d]);

export function texts(open: OpenRecords): void {
  const store = eachWith(open);

  it.each(Object.entries(odd))('is kept byte for byte: %s', async (_, text) => {
    const { records, seedForeign } = store();
    await records.commit([change('ours', null, text)]);
    await seedForeign('theirs', text);
    expect(await records.read([agent('ours'), agent('theirs')])).toEqual([text, text]);
    const steps = ['ours', 'theirs'].map(id => change(id, text, 'next'));
    expect(await records.commit(steps)).toEqual(['committed', 'committed']);
  });

  it.each([
    ['1', '1.0'],
    ['{"a":1}', '{"a": 1}'],
    ['A', 'a'],
    ['\u00e9', 'e\u0301'],
    ['a', 'a '],
    ['a', 'a\u0000'],
    ['', '\u0000'],
    ['\uFEFFa', 'a'],
  ])('is compared by its bytes: %j is not %j', async (stored, expected) => {
    const { records } = store();
    await records.commit([change('a', null, stored), change('b', null, expected)]);
    expect(await records.commit([change('a', expected, 'x'), change('b', stored, 'x')])).toEqual([
      'conflict',
      'conflict',
    ]);
  });

  it('is undefined where the bytes are no UTF-8, and matches no expectation', async () => {
    const { records, seedForeign } = store();
    await seedForeign('bad', NOT_UTF8);
    await seedForeign('good', running('good'));
    expect(await records.read([agent('bad'), agent('good')])).toEqual([undefined, running('good')]);
    expect(await records.agents(['bad'])).toEqual([{ agentId: 'bad', raw: undefined, tombstoned: false }]);
    const scanned = (await collect(records.scan('all'))).flat();
    expect(scanned).toContainEqual({ agentId: 'bad', raw: undefined, tombstoned: false });
    expect(scanned).toContainEqual({ agentId: 'good', raw: running('good'), tombstoned: false });
    const guesses = [null, '', '{\uFFFD\uFFFD}', '{ÿÃ}'].map(guess => change('bad', guess, 'x'));
    expect(await records.commit(guesses)).toEqual(guesses.map(() => 'conflict'));
  });

  it('is not absent where something else than text is kept: nothing is written there, and nothing deleted', async () => {
    const { records, seedOther } = store();
    if (!seedOther) return;
    const documents = [
      agent('a'),
      LATCH,
      ...(['operation', 'memory', 'checkpoint'] as const).map(kind => ({ kind, id: 'x' })),
    ];
    for (const document of documents) await seedOther(document);
    const look = async () => [
      await records.read(documents),
      await records.agents(['a', 'b']),
      await collect(records.scan('all')),
    ];
    const other = { agentId: 'a', raw: undefined, isForeign: true, tombstoned: false };
    const asFound = [documents.map(() => undefined), [other], [[other]]];
    expect(await look()).toEqual(asFound);
    for (const expected of [null, '', 'text']) {
      for (const next of [null, 'next']) {
        const steps = documents.map(document => ({
          document,
          expect: expected,
          next,
          tombstone: 't',
          audit: [],
        }));
        expect(await records.commit(steps)).toEqual(steps.map(() => 'conflict'));
      }
    }
    expect(await look()).toEqual(asFound);
    expect(await records.commit([change('b', null, '1', { admission: { latch: null } })])).toEqual([
      'conflict',
    ]);
    expect(await records.commit([change('b', null, '1')])).toEqual(['committed']);
    expect(await records.tombstoned(['a', 'x'])).toEqual([false, false]);
  });

  it('of several agents comes in the order asked, without the absent ones', async () => {
    const { records, seedForeign } = store();
    await records.commit(['a', 'A', '1', 'x:y.z-_'].map(id => change(id, null, running(id))));
    await seedForeign('foreign', running('foreign'));
    const asked = ['x:y.z-_', 'absent', 'foreign', '1', 'a', 'A', '1.0'];
    expect(await records.agents(asked)).toEqual(
      ['x:y.z-_', 'foreign', '1', 'a', 'A'].map(id => ({
        agentId: id,
        raw: running(id),
        tombstoned: false,
      })),
    );
  });

  it('is shown with its tombstone, also when another program writes the record again', async () => {
    const { records, seedForeign } = store();
    await records.commit([change('a', null, running('a'), { tombstone: 't' }), change('b', null, '{}')]);
    await seedForeign('a', running('a'));
    const seen = [
      { agentId: 'a', raw: running('a'), tombstoned: true },
      { agentId: 'b', raw: '{}', tombstoned: false },
    ];
    expect(await records.agents(['a', 'b'])).toEqual(seen);
    expect(await collect(records.scan('all')).then(pages => pages.flat())).toEqual(
      expect.arrayContaining(seen),
    );
  });
}
