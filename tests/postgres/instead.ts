import type { Instead } from '../dialects/support/functions-on.js';

const AT_A = '{"kind":"lit","literal":{"type":"text","value":"[\\"a\\"]"}}';
const called = (fn: string, json: string): string =>
  `${fn}(${`${JSON.stringify(json)}, ${AT_A}`.slice(0, 90)})`;

/** Where PostgreSQL gives something else than DuckDB, both being right. */
export const INSTEAD: Instead = {
  'lower("ÄB")': { value: 'Äb', because: 'letters beyond ASCII are a matter of the locale' },
  [called('json_text', '{"a":1e300}')]: {
    value: `1${'0'.repeat(300)}`,
    because: 'a number out of range is the text of the engine, which keeps all digits',
  },
  [called('json_number', '{"a":123456789012345.678}')]: {
    value: '123456789012345.678',
    because: 'a number in JSON is a decimal here, not a double',
  },
};
