import { readFileSync } from 'node:fs';

import { Ajv } from 'ajv';
import { parse } from 'jsonc-parser';
import { describe, expect, test } from 'vitest';

import { publishedSchema } from '../../models/index.js';
import { FILE_KINDS, type FileKind } from '../../models/schema/index.js';
import { parseJson } from '../../models/source/json.js';
import { validateFile } from '../../models/validate/explain.js';
import { BAD, GOOD } from './corpus.js';

const kinds = Object.keys(FILE_KINDS) as FileKind[];
const ajv = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true });
const plain = Object.fromEntries(kinds.map((kind) => [kind, ajv.compile(publishedSchema(kind))]));

test.each(kinds)('schemas/%s.json is up to date (npm run schemas)', (kind) => {
  const file = readFileSync(new URL(`../../schemas/${kind}.json`, import.meta.url), 'utf8');
  expect(JSON.parse(file)).toEqual(publishedSchema(kind));
});

test('published schemas are plain JSON Schema', () => {
  for (const kind of kinds) expect(JSON.stringify(publishedSchema(kind))).not.toContain('"x-');
});

function check(kind: FileKind, text: string): { ours: boolean; published: boolean } {
  const { root } = parseJson(text);
  if (root === undefined) throw new Error('the corpus file is not JSON');
  const value: unknown = parse(text);
  return { ours: validateFile(kind, root).length === 0, published: plain[kind]?.(value) === true };
}

describe('a good file passes the loader and any validator', () => {
  test.each(Object.entries(GOOD))('%s', (_, { kind, text }) => {
    expect(check(kind, text)).toEqual({ ours: true, published: true });
  });
});

describe('a bad file fails both', () => {
  const files = Object.entries(BAD).filter(([, file]) => file.beyondSchema !== true);
  test.each(files)('%s', (_, { kind, text }) => {
    expect(check(kind, text)).toEqual({ ours: false, published: false });
  });
});

describe('what no schema can say', () => {
  const files = Object.entries(BAD).filter(([, file]) => file.beyondSchema === true);
  test.each(files)('%s', (_, { kind, text }) => {
    expect(check(kind, text).published).toBe(true);
  });
});
