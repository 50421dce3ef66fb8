import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { setMembers } from '../../../lib/util/json-edit.js';

const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 3 });

/** The text of a JSON string, each character plain or as an escape. */
const literal = (content: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(content, fc.infiniteStream(fc.boolean())).map(([text, escaped]) => {
    const units = Array.from({ length: text.length }, (_, n) => text.charCodeAt(n));
    const lone = /\p{Surrogate}/u.test(text);
    return `"${units
      .map(unit => {
        const plain = JSON.stringify(String.fromCharCode(unit)).slice(1, -1);
        const isHalf = unit >= 0xd800 && unit <= 0xdfff;
        const chosen = escaped.next().value || (isHalf && lone);
        return chosen && !plain.startsWith('\\')
          ? `\\u${unit.toString(16).padStart(4, '0')}`
          : isHalf
            ? String.fromCharCode(unit)
            : plain;
      })
      .join('')}"`;
  });

const trouble = fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', '\\"', '}}', '"status":"x"');
const content = fc.oneof(fc.string({ unit: 'binary' }), trouble);
const { value } = fc.letrec<{ value: string; list: string; object: string }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('true', 'null', '[]', '{}', '0.10', '1E400', '-0', '12345678901234567890'),
    literal(content),
    tie('list'),
    tie('object'),
  ),
  list: fc
    .array(fc.tuple(space, tie('value'), space), { maxLength: 3 })
    .map(items => `[${items.map(item => item.join('')).join(',')}]`),
  object: fc
    .array(fc.tuple(space, literal(content), space, tie('value'), space), { maxLength: 3 })
    .map(members => `{${members.map(([a, name, b, one, c]) => `${a}${name}${b}:${one}${c}`).join(',')}}`),
}));

const names = ['status', 'kill', 'agentId', ''] as const;
const name = literal(fc.oneof(fc.constantFrom(...names), content));
const member = fc.record({ before: space, name, colon: space, after: space, value, end: space });
type Member = typeof member extends fc.Arbitrary<infer M> ? M : never;
const objectText = (members: readonly Member[], inner: string, [left, right]: readonly string[]): string => {
  const texts = members.map(one => `${one.before}${one.name}${one.colon}:${one.after}${one.value}${one.end}`);
  return `${left}{${texts.length > 0 ? texts.join(',') : inner}}${right}`;
};

describe('setting members of a JSON text', () => {
  it('changes the values of these names and leaves every other byte as it stands', () => {
    fc.assert(
      fc.property(
        fc.array(member, { maxLength: 5 }),
        space,
        fc.tuple(space, space),
        fc.uniqueArray(fc.tuple(fc.constantFrom(...names), fc.jsonValue()), {
          selector: ([wanted]) => wanted,
          minLength: 1,
        }),
        (members, inner, outer, changes) => {
          const wanted = new Map(changes.map(([key, to]) => [key as string, JSON.stringify(to)]));
          const replaced = members.map(one => ({
            ...one,
            value: wanted.get(JSON.parse(one.name) as string) ?? one.value,
          }));
          const there = new Set(members.map(one => JSON.parse(one.name) as string));
          const appended = [...wanted]
            .filter(([key]) => !there.has(key))
            .map(([key, to]) => `${JSON.stringify(key)}:${to}`)
            .join(',');
          const result = setMembers(objectText(members, inner, outer), Object.fromEntries(changes));

          const close = objectText(replaced, inner, outer).lastIndexOf('}');
          const expected = objectText(replaced, inner, outer);
          const comma = appended !== '' && members.length > 0 ? ',' : '';
          expect(result).toBe(`${expected.slice(0, close)}${comma}${appended}${expected.slice(close)}`);
          const parsed = JSON.parse(result) as Record<string, unknown>;
          for (const [key, to] of wanted) expect(JSON.stringify(parsed[key])).toBe(to);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('keeps big integers, empty lists and the order', () => {
    const json = '{ "budget":12345678901234567890, "tools" : [] ,"status":"running","z":{} }';
    expect(setMembers(json, { status: 'killed' })).toBe(
      '{ "budget":12345678901234567890, "tools" : [] ,"status":"killed","z":{} }',
    );
  });

  it('fills an empty object', () => {
    expect(setMembers('{}', { a: 1, b: [] })).toBe('{"a":1,"b":[]}');
    expect(setMembers(' { \n} ', { a: 1 })).toBe(' { \n"a":1} ');
  });

  it('finds a name that is written with escapes', () => {
    expect(setMembers('{"\\u0073tatus":"running"}', { status: 'killed' })).toBe('{"\\u0073tatus":"killed"}');
  });

  it('sets a name that stands twice both times, so that every reader sees the same', () => {
    const twice = '{"status":"running","n":1,"status":"running"}';
    expect(setMembers(twice, { status: 'killed' })).toBe('{"status":"killed","n":1,"status":"killed"}');
  });

  it('leaves the same name further down alone', () => {
    const nested = '{"a":{"status":"running"},"b":["status"],"c":"\\"status\\":1","status":"running"}';
    expect(setMembers(nested, { status: 'killed' })).toBe(
      '{"a":{"status":"running"},"b":["status"],"c":"\\"status\\":1","status":"killed"}',
    );
  });

  it('takes out what is to be absent, wherever it stands', () => {
    const json = '{ "a":1, "b" : [1,{"a":2}] ,"a":3,"c":12345678901234567890 }';
    expect(setMembers(json, { a: undefined, d: 1 })).toBe(
      '{"b" : [1,{"a":2}],"c":12345678901234567890,"d":1}',
    );
    expect(setMembers('{"a":1}', { a: undefined })).toBe('{}');
    expect(setMembers(json, { x: undefined })).toBe(json);
  });

  it('takes names that objects inherit', () => {
    expect(setMembers('{"constructor":1,"__proto__":2}', { toString: 3 })).toBe(
      '{"constructor":1,"__proto__":2,"toString":3}',
    );
  });
});
