/**
 * Sets members of a JSON object in its text and leaves every other byte as it is: parsing and printing again would round
 * big integers and reorder what other programs wrote.
 */

const SPACE = new Set([' ', '\t', '\n', '\r']);

/** Index just past the string literal that opens at `start`. */
function endOfString(json: string, start: number): number {
  for (let at = json.indexOf('"', start + 1); ; at = json.indexOf('"', at + 1)) {
    let text = at;
    while (json[text - 1] === '\\') text--;
    // Each pair of backslashes is one in the text; an odd one belongs to the quote.
    if ((at - text) % 2 === 0) return at + 1;
  }
}

/** Index just past the value that begins at `start`, in an object that ends by `}`. */
function endOfValue(json: string, start: number): number {
  let depth = 0;
  let at = start;
  for (;;) {
    const character = json[at] as string;
    if (character === '"') {
      at = endOfString(json, at);
      continue;
    }
    if (character === '{' || character === '[') depth++;
    else if (depth === 0 && (character === ',' || character === '}')) return at;
    else if (character === '}' || character === ']') depth--;
    at++;
  }
}

function skipSpace(json: string, start: number): number {
  let at = start;
  while (SPACE.has(json[at] as string)) at++;
  return at;
}

/** Every top-level member of an object's text, repeated names included: its name, where it begins, and the range of its value. */
function* topLevelMembers(
  json: string,
): Generator<{ name: string; begin: number; start: number; end: number }> {
  let at = skipSpace(json, json.indexOf('{') + 1);
  while (json[at] !== '}') {
    const begin = at;
    const nameEnd = endOfString(json, at);
    const literal = json.slice(at + 1, nameEnd - 1);
    const name = literal.includes('\\') ? (JSON.parse(`"${literal}"`) as string) : literal;
    const start = skipSpace(json, skipSpace(json, nameEnd) + 1);
    const stop = endOfValue(json, start);
    let end = stop;
    while (SPACE.has(json[end - 1] as string)) end--;
    yield { name, begin, start, end };
    at = json[stop] === ',' ? skipSpace(json, stop + 1) : stop;
  }
}

/**
 * @param json must be valid JSON of an object
 * @param members new values by name; a repeated name is set each time, so that first-wins and last-wins readers agree; a
 *   missing one is appended; `undefined` takes the member out
 */
export function setMembers(json: string, members: Readonly<Record<string, unknown>>): string {
  const all = Object.entries(members);
  const kept = all.filter(([, value]) => value !== undefined);
  const dropped = new Set(all.filter(([, value]) => value === undefined).map(([name]) => name));
  const text = dropped.size > 0 ? dropMembers(json, dropped) : json;
  return setTexts(text, new Map(kept.map(([name, value]) => [name, JSON.stringify(value)])));
}

function dropMembers(json: string, names: ReadonlySet<string>): string {
  const found = [...topLevelMembers(json)];
  const kept = found.filter(({ name }) => !names.has(name));
  if (kept.length === found.length) return json;
  const members = kept.map(({ begin, end }) => json.slice(begin, end));
  return `${json.slice(0, json.indexOf('{') + 1)}${members.join(',')}${json.slice(json.lastIndexOf('}'))}`;
}

/** {@link setMembers} with values that are JSON texts already, for setting the same values in many objects. */
export function setTexts(json: string, texts: ReadonlyMap<string, string>): string {
  const found = new Set<string>();
  let text = '';
  let copied = 0;
  let any = false;
  for (const { name, start, end } of topLevelMembers(json)) {
    any = true;
    const value = texts.get(name);
    if (value === undefined) continue;
    text += json.slice(copied, start) + value;
    copied = end;
    found.add(name);
  }
  const close = json.lastIndexOf('}');
  text += json.slice(copied, close);
  for (const [name, value] of texts) {
    if (found.has(name)) continue;
    text += `${any ? ',' : ''}${JSON.stringify(name)}:${value}`;
    any = true;
  }
  return text + json.slice(close);
}
