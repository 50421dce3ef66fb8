import fc from 'fast-check';

type Path = readonly (string | number)[];

function placesIn(value: unknown, path: Path = []): Path[] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [path, ...inner.flatMap(([name, one]) => placesIn(one, [...path, name]))];
}

function put(value: unknown, [name, ...rest]: Path, given: unknown): unknown {
  if (name === undefined) return given;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  const members = copy as Record<string | number, unknown>;
  members[name] = put(members[name], rest, given);
  return copy;
}

/** What JSON may hold and code that trusts it trips over. */
const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    { toString: 1, valueOf: 1 },
    [{ toString: 1 }, 'x'],
    1e300,
    -1,
    '',
    '\0',
    '\ud800',
  ),
  fc.constant([[{ toString: 1, valueOf: 1 }, 'x']]),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

/** The value with anything in the place of one of its parts, or of the whole. */
export const damaged = (value: unknown): fc.Arbitrary<unknown> =>
  fc.tuple(fc.constantFrom(...placesIn(value)), odd).map(([path, given]) => put(value, path, given));

/** The text with another character in one place; letters are told apart by more than their case. */
export const misspelt = (text: string): fc.Arbitrary<string> =>
  fc
    .tuple(fc.nat(text.length - 1), fc.constantFrom(...'07afzQ.,=_- '))
    .filter(([at, character]) => text[at]?.toLowerCase() !== character.toLowerCase())
    .map(([at, character]) => text.slice(0, at) + character + text.slice(at + 1));

/** The bytes with one of them changed. */
export const flipped = (bytes: Uint8Array): fc.Arbitrary<Uint8Array<ArrayBuffer>> =>
  fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, mask]) => {
    const copy = Uint8Array.from(bytes);
    copy[at] = (copy[at] ?? 0) ^ mask;
    return copy;
  });
