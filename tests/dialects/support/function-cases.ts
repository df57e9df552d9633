import type { Expr, FnName, ScalarType } from '../../../compiler/ir/types.js';
import * as ir from '../../../compiler/ir/build.js';
import type { Value } from '../../../dialects/warehouse.js';
import { given } from './duckdb.js';
import { INSTANT_TEXTS, NUMERIC_TEXTS } from './texts.js';

/** What a function is given: a column's value, or an expression as it stands. */
export type Arg = Expr | readonly [ScalarType, string | boolean | null];
export type Case = readonly [args: readonly Arg[], expected: Value];

const T = (value: string | null): Arg => ['text', value];
const N = (value: string | null): Arg => ['number', value];
const I = (value: string | null): Arg => ['int', value];
const B = (value: boolean | null): Arg => ['bool', value];
const J = (value: string | null): Arg => ['json', value];
/** Microseconds since the epoch. */
const TS = (value: string | null): Arg => ['timestamp', value];
const at = (...steps: string[]): Expr => ir.path(steps);
const kind = (name: string): Expr => ir.text(name);

const NOON = '1704110400000000'; // 2024-01-01T12:00:00Z

/** Arguments as columns of a row, what the function gives for them. */
export const FUNCTION_CASES: Record<FnName, readonly Case[]> = {
  and: [
    [[], true],
    [[B(null)], null],
    [[B(true), B(null)], null],
    [[B(false), B(null)], false],
    [[B(true), B(true), B(true)], true],
  ],
  or: [
    [[], false],
    [[B(false)], false],
    [[B(true), B(null)], true],
    [[B(false), B(null)], null],
  ],
  not: [
    [[B(true)], false],
    [[B(null)], null],
  ],
  eq: [
    [[T('a'), T('A')], false],
    [[T('é'), T('e\u0301')], false],
    [[T('a '), T('a')], false],
    [[N('1.50'), N('1.5')], true],
    [[N('99999999999999999999999999999.999999999'), N('99999999999999999999999999999.999999998')], false],
    [[I('9007199254740993'), I('9007199254740992')], false],
    [[N('1'), N(null)], null],
    [[TS(NOON), TS(NOON)], true],
  ],
  ne: [
    [[T('a'), T('b')], true],
    [[T('a'), T(null)], null],
  ],
  lt: [
    [[T('Z'), T('a')], true],
    [[T('a'), T('É')], true],
    [[T('\uFFFD'), T('😀')], true], // by code point, not by UTF-16 unit
    [[T('10'), T('9')], true],
    [[N('9'), N('10')], true],
  ],
  le: [[[N('1.0'), N('1')], true]],
  gt: [[[N('-1'), N('-2')], true]],
  ge: [[[TS(NOON), TS('1704110400000001')], false]],
  is_distinct: [
    [[T(null), T(null)], false],
    [[T(null), T('')], true],
    [[T('a'), T('a')], false],
  ],
  is_null: [
    [[T(null)], true],
    [[T('')], false],
  ],
  is_not_null: [[[T('')], true]],
  in_list: [
    [[T('a'), ir.text('b'), ir.text('a')], true],
    [[T('A'), ir.text('b'), ir.text('a')], false],
    [[T(null), ir.text('a')], null],
    [[T('a')], false],
    [[N('1.0'), given('number', '1')], true],
  ],
  coalesce: [
    [[T(null), T('b'), T('c')], 'b'],
    [[N(null), N('0.000000001')], '0.000000001'],
  ],
  least: [
    [[N('2'), N(null), N('1.5')], '1.5'],
    [[N(null), N(null)], null],
  ],
  greatest: [
    [[TS(null), TS(NOON)], '2024-01-01T12:00:00Z'],
    [[I('3'), I('20'), I(null)], '20'],
  ],
  add: [
    [[N('0.1'), N('0.2')], '0.3'],
    [[N('99999999999999999999999999999'), N('0.999999999')], '99999999999999999999999999999.999999999'],
    [[N('99999999999999999999999999999'), N('1')], null],
    [[I('1'), I('2')], '3'],
  ],
  sub: [[[N('1'), N('1.000000001')], '-0.000000001']],
  mul: [[[I('3'), I('-4')], '-12']],
  int_div: [
    [[I('7'), I('7')], '1'],
    [[I('6'), I('7')], '0'],
    [[I('-1'), I('7')], '0'],
    [[given('int', '9007199254740993'), I('2')], '4503599627370496'],
    [[I(null), I('7')], null],
  ],
  neg: [
    [[I('3')], '-3'],
    [[given('int', '-3')], '3'],
  ],
  ts_add_micros: [
    [[TS(NOON), I('1')], '2024-01-01T12:00:00.000001Z'],
    [[TS(NOON), given('int', '-2592000000000')], '2023-12-02T12:00:00Z'],
    [[TS(NOON), given('int', '1500000')], '2024-01-01T12:00:01.5Z'],
    [[TS(NOON), given('int', '0')], '2024-01-01T12:00:00Z'],
    [[TS(NOON), I(null)], null],
  ],
  ts_micros: [
    [[TS('-1')], '-1'],
    [[TS(NOON)], NOON],
  ],
  contains: [
    [[T('50% off'), T('0% o')], true],
    [[T('abc'), T('a_c')], false],
    [[T('abc'), T('')], true],
    [[T('ABC'), T('b')], false],
    [[T('a\\b'), T('\\')], true],
    [[T(null), T('a')], null],
  ],
  starts_with: [
    [[T('%a'), T('%')], true],
    [[T('abc'), T('b')], false],
  ],
  ends_with: [
    [[T('a_'), T('_')], true],
    [[T('ab'), T('_')], false],
    [[T('a'), T('ba')], false],
  ],
  concat: [
    [[T('a'), T('b'), T('c')], 'abc'],
    [[T('a'), T(null)], null],
  ],
  lower: [[[T('ÄB')], 'äb']],
  column_text: [[[T('x'), kind('text')], 'x']], // and columns.test.ts
  column_number: [[[T('1e2'), kind('text')], '100']],
  column_instant: [[[T('2024-01-01'), kind('text')], '2024-01-01T00:00:00Z']],
  column_since: [
    [[T('2024-01-01'), kind('text'), TS('1704067200000000')], true],
    [[T('2024-01-01'), kind('text'), TS('1704067200000001')], false],
    [[T('soon'), kind('text'), TS('1704067200000000')], null],
  ], // and columns.test.ts
  column_missing: [
    [[T('2024-01-01'), kind('text')], false],
    [[T('soon'), kind('text')], true],
  ],
  column_json: [[[T('a"b'), kind('text')], '"a\\"b"']],
  json_text: [
    [[J('{"a":"x"}'), at('a')], 'x'],
    [[J('{"a":" 1.0 "}'), at('a')], ' 1.0 '],
    [[J('{"a":"1.0"}'), at('a')], '1.0'],
    [[J('{"a":1.0}'), at('a')], '1'],
    [[J('{"a":1e2}'), at('a')], '100'],
    [[J('{"a":1.50}'), at('a')], '1.5'],
    [[J('{"a":-0.0}'), at('a')], '0'],
    [[J('{"a":-0}'), at('a')], '0'],
    [[J('{"a":1e-7}'), at('a')], '0.0000001'],
    [[J('{"a":5.551115123125783e-17}'), at('a')], '0'],
    [[J('{"a":1e22}'), at('a')], '10000000000000000000000'],
    [[J('{"a":1e300}'), at('a')], '1e300'], // out of range: the engine's text
    [[J('{"a":12345678901234567890123456789}'), at('a')], '12345678901234567890123456789'],
    [[J('{"a":9007199254740993}'), at('a')], '9007199254740993'],
    [[J('{"a":true}'), at('a')], 'true'],
    [[J('{"a":false}'), at('a')], 'false'],
    [[J('{"a":null}'), at('a')], null],
    [[J('{"a":"null"}'), at('a')], 'null'],
    [[J('{"b":1}'), at('a')], null],
    [[J('{"a":""}'), at('a')], ''],
    [[J('{"a": [1, {"b": "c"}, null]}'), at('a')], '[1,{"b":"c"},null]'],
    [[J('{"a": {"b" : 1}}'), at('a')], '{"b":1}'],
    [[J('{"a":{"b":{"c":"deep"}}}'), at('a', 'b', 'c')], 'deep'],
    [[J('{"a":["x"]}'), at('a', '0')], null],
    [[J('[{"a":1}]'), at('a')], null],
    [[J('["x"]'), at('0')], null],
    [[J('"text"'), at('a')], null],
    [[J('"text"'), at()], 'text'],
    [[J('1.0'), at()], '1'],
    [[J('null'), at()], null],
    [[J('{"a":"\\u00e9\\n\\""}'), at('a')], 'é\n"'],
    [[J(null), at('a')], null],
  ],
  json_text_in: [
    [[J('{"a":"x"}'), at('a'), kind('y'), kind('x')], true],
    [[J('{"a":"x"}'), at('a'), kind('y')], false],
    [[J('{"a":null}'), at('a'), kind('x')], null],
    [[J('{"a":1.0}'), at('a'), kind('1')], true],
    [[J('"x"'), at(), kind('x')], true],
    [[J('"x"'), at(), kind('X'), kind('"x"')], false],
    [[J('"\\u00e9 \\/ x"'), at(), kind('é / x')], true],
    [[J('"a\\"b"'), at(), kind('a"b')], true],
    [[J('"a\\\\b"'), at(), kind('a\\b')], true],
    [[J('"a\\\\b"'), at(), kind('a\\\\b')], false],
    [[J('"a\\nb"'), at(), kind('a\nb'), kind('c')], true],
    [[J('"a\\nb"'), at(), kind('c')], false],
    [[J('"don\'t 😀"'), at(), kind("don't 😀")], true],
    [[J('""'), at(), kind('')], true],
    [[J('null'), at(), kind('null')], null],
    [[J('"null"'), at(), kind('null'), kind('x')], true],
    [[J(null), at(), kind('x')], null],
    [[J('1.50'), at(), kind('1.5')], true],
    [[J('"1.50"'), at(), kind('1.5')], false],
    [[J('true'), at(), kind('true')], true],
    [[J('true'), at(), kind('team')], false],
    [[J('"true"'), at(), kind('true'), kind('team')], true],
    [[J('{"b":"\\n"}'), at(), kind('x')], false],
    [[J('{"b":1}'), at(), kind('{"b":1}')], true],
    [[J('["x"]'), at(), kind('x')], false],
  ],
  json_number: [
    [[J('{"a":1.25}'), at('a')], '1.25'],
    [[J('{"a":"1.25"}'), at('a')], '1.25'],
    [[J('{"a":" 1"}'), at('a')], null],
    [[J('{"a":"1_000"}'), at('a')], null],
    [[J('{"a":"NaN"}'), at('a')], null],
    [[J('{"a":""}'), at('a')], null],
    [[J('{"a":true}'), at('a')], null],
    [[J('{"a":"true"}'), at('a')], null],
    [[J('{"a":[1]}'), at('a')], null],
    [[J('{"a":null}'), at('a')], null],
    [[J('{"a":1e400}'), at('a')], null],
    [[J('{"a":1e28}'), at('a')], '10000000000000000000000000000'],
    [[J('{"a":1e29}'), at('a')], null],
    [[J('{"a":9.9e-16}'), at('a')], '0'],
    [[J('{"a":0.0000000005}'), at('a')], '0.000000001'],
    [[J('{"a":123456789012345.678}'), at('a')], '123456789012345.67'],
    [[J('7'), at()], '7'],
  ],
  json_instant: [
    [[J('{"a":"2024-01-01T10:00:00+02:00"}'), at('a')], '2024-01-01T08:00:00Z'],
    [[J('{"a":20240101}'), at('a')], null],
    [[J('{"a":1704067200}'), at('a')], null],
    [[J('{"a":["2024-01-01"]}'), at('a')], null],
  ],
  json_value: [
    [[J('{"a":"x"}'), at('a')], '"x"'],
    [[J('{"a":1.5}'), at('a')], '1.5'],
    [[J('{"a":"null"}'), at('a')], '"null"'],
    [[J('{"a":null}'), at('a')], null],
    [[J('{}'), at('a')], null],
    [[J('{"a": [1, 2]}'), at('a')], '[1,2]'],
    [[J('{"a": 1}'), at()], '{"a":1}'],
  ],
  json_elements: [
    [[J('{"a":[{"b":1.10},null,{"b":null},{"b":"x"}]}'), at('a', '$', 'b')], '[1.1,"x"]'],
    [[J('{"a":{"b":1}}'), at('a', '$')], null],
  ],
  json_first: [
    [[J('[1.5,2]')], '1.5'],
    [[J('["a"]')], '"a"'],
    [[J(null)], null],
  ],
  json_last: [
    [[J('[1.5,"b"]')], '"b"'],
    [[J('[[1]]')], '[1]'],
    [[J(null)], null],
  ],
  text_json_value: [
    [[T('{"a":"x"}'), at('a')], '"x"'],
    [[T('{"a":{"b":1.5}}'), at('a', 'b')], '1.5'],
    [[T('{"a":null}'), at('a')], null],
    [[T('{}'), at('a')], null],
    [[T('{"a": '), at('a')], null],
    [[T(''), at('a')], null],
    [[T('{"a": [1, 2]}'), at('a')], '[1,2]'],
  ],
  json_mention: [
    [[J('{"a":"x"}'), at('a')], '"x"'],
    [[J('{"a":null}'), at('a')], 'null'],
    [[J('{}'), at('a')], null],
    [[J('{"a":null}'), at('a', 'b', 'c')], 'null'],
    [[J('{"a":{"b":null}}'), at('a', 'b', 'c')], 'null'],
    [[J('{"a":{"b":{"c":null}}}'), at('a', 'b', 'c')], 'null'],
    [[J('{"a":{}}'), at('a', 'b', 'c')], null],
    [[J('{"a":"null"}'), at('a', 'b')], null],
    [[J('{"a":[null]}'), at('a', '0')], null],
    [[J('null'), at('a')], null],
  ],
  json_is_null: [
    [[J('null')], true],
    [[J('"null"')], false],
    [[J('0')], false],
    [[J(null)], null],
  ],
  number_text: [
    [[N('1.500000000')], '1.5'],
    [[N('100')], '100'],
    [[N('-0.000000001')], '-0.000000001'],
    [[N('0')], '0'],
    [[N('99999999999999999999999999999.999999999')], '99999999999999999999999999999.999999999'],
    [[I('-9223372036854775808')], '-9223372036854775808'],
    [[I('10')], '10'],
    [[N(null)], null],
  ],
  bool_text: [
    [[B(true)], 'true'],
    [[B(false)], 'false'],
    [[B(null)], null],
  ],
  ts_text: [
    [[TS(NOON)], '2024-01-01T12:00:00Z'],
    [[TS('1704110400120000')], '2024-01-01T12:00:00.12Z'],
    [[TS('-62135596800000000')], '0001-01-01T00:00:00Z'],
    [[TS(null)], null],
  ],
  text_number: NUMERIC_TEXTS.map(([text, value]): Case => [[T(text)], value]),
  text_instant: INSTANT_TEXTS.map(([text, value]): Case => [[T(text)], value]),
  text_json: [
    [[T('a"\\\n')], '"a\\"\\\\\\n"'],
    [[T('')], '""'],
    [[T(null)], null],
  ],
  number_json: [
    [[N('1.50')], '1.5'],
    [[I('7')], '7'],
    [[N('12345678901234567890.123456789')], '12345678901234567890.123456789'],
    [[N(null)], null],
  ],
  bool_json: [
    [[B(true)], 'true'],
    [[B(null)], null],
  ],
  parse_json: [
    [[T('{"a":1}')], '{"a":1}'],
    [[T('{"a"')], null],
    [[T('')], null],
    [[T('plain')], null],
    [[T('{"a":1} x')], null],
    [[T('"s"')], '"s"'],
    [[T(null)], null],
  ],
  any_json: [
    [[T('{"a":1}')], '{"a":1}'],
    [[J('{"a":1}')], '{"a":1}'],
    [[T('plain')], null],
    [[T(null)], null],
  ],
  json_object: [
    [[], '{}'],
    [[ir.text('a'), J('1'), ir.text('b'), J(null), ir.text('c'), J('null')], '{"a":1,"c":null}'],
    [[ir.text('x"\\\'y'), J('"v"')], '{"x\\"\\\\\'y":"v"}'],
    [[ir.text('n'), J('12345678901234567890.12')], '{"n":12345678901234567890.12}'],
    [[T('x"\\\'y'), J('"v"')], '{"x\\"\\\\\'y":"v"}'],
    [[ir.text('a'), J('1'), T('b'), J(null), T('c'), J('null')], '{"a":1,"c":null}'],
  ],
  json_dump: [
    [[J('{"a":1}')], '{"a":1}'],
    [[ir.call('parse_json', ir.text(' {"a" : 1 } '))], '{"a":1}'],
    [
      [ir.call('number_json', given('number', '12345678901234567890.123456789'))],
      '12345678901234567890.123456789',
    ],
    [[J(null)], null],
  ],
  sha256_hex: [
    [[T('abc')], 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [[T('é')], '4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c'],
  ],
  // Engines differ in these; what they have in common is tested beside the cases.
  hash64: [],
  digest_high: [],
  digest_low: [],
};
