import { expect, it } from 'vitest';
import { parseJson } from '../../../lib/util/parse-json.js';

it('gives the value of a JSON text, and undefined for what is none', () => {
  expect(parseJson('{"a":[1,null]}')).toEqual({ a: [1, null] });
  expect(parseJson('null')).toBeNull();
  for (const text of ['', '{', 'undefined', "{'a':1}", '1 2']) expect(parseJson(text)).toBeUndefined();
});
