/** The IR's scalar functions in PostgreSQL's SQL. */
import type { FnName } from '../../compiler/ir/types.js';
import type { Emit, Sql } from '../dialect.js';
import { fn, STANDARD_FUNCTIONS } from '../emit/index.js';
import {
  byKind,
  constantSpan,
  isOf,
  missingByKind,
  pathed,
  pathSteps,
  plusInterval,
  sinceByKind,
  textLiteral,
  type ByKind,
} from '../emit/arguments.js';
import { arg } from '../emit/standard.js';
import {
  at,
  dump,
  elements,
  jsonInstant,
  jsonMention,
  jsonNumber,
  jsonText,
  JSON_NULL,
  pair,
} from './json.js';
import { SAFE_JSON } from './session.js';
import { byCodePoint, CODE_POINTS, quoteText } from './types.js';
import {
  asText,
  bounded,
  decimalText,
  inRange,
  instantText,
  once,
  sane,
  textInstant,
  textNumber,
  when,
} from './values.js';

const NULL_NUMBER = 'cast(null as numeric(38, 9))';
const NULL_INSTANT = 'cast(null as timestamp)';

const utc = (x: Sql): Sql => `(${x} at time zone 'UTC')`;
/** By its shortest text, which holds all of its digits; a cast keeps fifteen. */
const floatNumber = (x: Sql): Sql => once(`cast(cast(${x} as text) as numeric)`, bounded);
const wideNumber = (x: Sql): Sql => once(x, bounded);
const safeJson = (x: Sql): Sql => `${SAFE_JSON}(${x})`;
const startOf = (x: Sql): Sql =>
  when(`${x} between date '0001-01-01' and date '9999-12-31'`, `cast(${x} as timestamp)`);

const COLUMN_TEXT: ByKind = {
  int: asText,
  decimal: decimalText,
  wide_decimal: (x) => `coalesce(${decimalText(wideNumber(x))}, ${asText(x)})`,
  float: (x) => `coalesce(${decimalText(floatNumber(x))}, ${asText(x)})`,
  bool: asText,
  text: asText,
  timestamp: instantText,
  timestamptz: (x) => instantText(utc(x)),
  date: asText,
  json: (x) => jsonText(safeJson(x), []),
  other: asText,
};

const COLUMN_NUMBER: ByKind = {
  int: (x) => x,
  decimal: (x) => x,
  wide_decimal: wideNumber,
  float: floatNumber,
  bool: () => NULL_NUMBER,
  text: (x) => once(asText(x), textNumber),
  timestamp: () => NULL_NUMBER,
  timestamptz: () => NULL_NUMBER,
  date: () => NULL_NUMBER,
  json: (x) => jsonNumber(safeJson(x), []),
  other: (x) => once(asText(x), textNumber),
};

const COLUMN_INSTANT: ByKind = {
  int: () => NULL_INSTANT,
  decimal: () => NULL_INSTANT,
  wide_decimal: () => NULL_INSTANT,
  float: () => NULL_INSTANT,
  bool: () => NULL_INSTANT,
  text: (x) => once(asText(x), textInstant),
  timestamp: sane,
  timestamptz: (x) => sane(utc(x)),
  date: startOf,
  json: (x) => jsonInstant(safeJson(x), []),
  other: (x) => once(asText(x), textInstant),
};

/** Missing by what `sane` says, in comparisons that an index serves. */
const outside = (x: Sql, first: Sql, last: Sql): Sql => `(${x} is null or ${x} < ${first} or ${x} > ${last})`;

const numberJson = (number: Sql): Sql => `to_jsonb(trim_scale(${number}))`;
const textJson = (text: Sql): Sql => `to_jsonb(${asText(text)})`;

const COLUMN_JSON: ByKind = {
  int: (x) => `to_jsonb(${x})`,
  decimal: numberJson,
  wide_decimal: (x) => numberJson(wideNumber(x)),
  float: (x) => numberJson(floatNumber(x)),
  bool: (x) => `to_jsonb(${x})`,
  text: textJson,
  timestamp: (x) => textJson(instantText(x)),
  timestamptz: (x) => textJson(instantText(utc(x))),
  date: textJson,
  json: safeJson,
  other: textJson,
};

/** jsonb orders the keys of an object itself. */
const jsonObject: Emit = (args, { args: exprs }) => {
  const pairs: Sql[] = [];
  for (let i = 0; i < args.length; i += 2) {
    const named = exprs[i];
    const key = named?.kind === 'lit' ? quoteText(textLiteral(named)) : arg(args, i);
    pairs.push(pair(key, arg(args, i + 1)));
  }
  return pairs.length === 0 ? "cast('{}' as jsonb)" : `(${pairs.join(' || ')})`;
};

/** `- interval '30 days'` for a constant; a day is 24 hours for a timestamp without zone. */
const addMicros: Emit = (args, { args: exprs }) => {
  const span = constantSpan(exprs[1]);
  return span ? plusInterval(arg(args), span) : `${arg(args)} + ${arg(args, 1)} * interval '1 microsecond'`;
};

/** Null beyond the range of our decimal, which PostgreSQL's exceeds by far. */
const decimal =
  (operator: '+' | '-' | '*'): Emit =>
  (args, { type }) => {
    const sql = args.join(` ${operator} `);
    if (type !== 'number') return sql;
    return `(${once(sql, operator === '*' ? bounded : inRange)})`;
  };

/** The order of texts is said each time: one that comes from neither a column nor a function of ours has the locale's. */
const ordered =
  (operator: '<' | '<=' | '>' | '>='): Emit =>
  (args, { args: exprs }) =>
    `${arg(args)} ${operator} ${isOf(exprs[0], 'text') ? byCodePoint(arg(args, 1)) : arg(args, 1)}`;

export const FUNCTIONS: Record<FnName, Emit> = {
  ...STANDARD_FUNCTIONS,
  lt: ordered('<'),
  le: ordered('<='),
  gt: ordered('>'),
  ge: ordered('>='),
  // Of ASCII only: what it is asked for are names of platforms, and locales differ on the rest.
  lower: (args) => `lower(${byCodePoint(arg(args))})`,
  least: fn('least'),
  greatest: fn('greatest'),
  add: decimal('+'),
  sub: decimal('-'),
  mul: decimal('*'),
  int_div: (args) => `${arg(args)} / ${arg(args, 1)}`,
  ts_add_micros: addMicros,
  ts_micros: (args) => `cast(extract(epoch from ${arg(args)}) * 1000000 as bigint)`,
  contains: (args) => `(strpos(${args.join(', ')}) > 0)`,
  starts_with: fn('starts_with'),
  ends_with: ([text = '', end = '']) => `(right(${text}, length(${end})) = ${end})`,
  column_text: byKind(COLUMN_TEXT),
  column_number: byKind(COLUMN_NUMBER),
  column_instant: byKind(COLUMN_INSTANT),
  column_since: sinceByKind(COLUMN_INSTANT, {
    timestamp: (x, { sql }) => `${x} >= ${sql}`,
    timestamptz: (x, { sql }) => `${x} >= ${utc(sql)}`,
    date: (x, { sql }) => `${x} >= cast(${sql} as date)`,
  }),
  column_missing: missingByKind(COLUMN_INSTANT, {
    timestamp: (x) => outside(x, "timestamp '0001-01-01'", "timestamp '9999-12-31 23:59:59.999999'"),
    timestamptz: (x) =>
      outside(x, "timestamptz '0001-01-01 00:00:00Z'", "timestamptz '9999-12-31 23:59:59.999999Z'"),
    date: (x) => outside(x, "date '0001-01-01'", "date '9999-12-31'"),
  }),
  column_json: byKind(COLUMN_JSON),
  json_text: pathed(jsonText),
  json_text_in: (args, { args: exprs }) =>
    `(${jsonText(arg(args), pathSteps(exprs[1]))} in (${args.slice(2).join(', ')}))`,
  json_number: pathed(jsonNumber),
  json_instant: pathed(jsonInstant),
  json_value: pathed((value, steps) => `nullif(${at(value, steps)}, ${JSON_NULL})`),
  text_json_value: pathed((value, steps) => `nullif(${at(safeJson(asText(value)), steps)}, ${JSON_NULL})`),
  json_elements: pathed(elements),
  json_first: (args) => `(${arg(args)} -> 0)`,
  json_last: (args) => `(${arg(args)} -> -1)`,
  json_mention: pathed(jsonMention),
  json_is_null: (args) => `(${arg(args)} = ${JSON_NULL})`,
  number_text: (args, { args: exprs }) =>
    isOf(exprs[0], 'int') ? asText(arg(args)) : decimalText(`cast(${arg(args)} as numeric)`),
  bool_text: (args) => asText(arg(args)),
  ts_text: (args) => instantText(arg(args)),
  text_number: (args) => once(asText(arg(args)), textNumber),
  text_instant: (args) => once(asText(arg(args)), textInstant),
  text_json: (args) => textJson(arg(args)),
  number_json: (args, { args: exprs }) =>
    isOf(exprs[0], 'int') ? `to_jsonb(${arg(args)})` : numberJson(`cast(${arg(args)} as numeric)`),
  bool_json: (args) => `to_jsonb(${arg(args)})`,
  any_json: (args) => safeJson(asText(arg(args))),
  parse_json: (args) => safeJson(asText(arg(args))),
  json_object: jsonObject,
  json_dump: (args) => dump(arg(args)),
  sha256_hex: (args) => `encode(sha256(convert_to(${arg(args)}, 'UTF8')), 'hex') ${CODE_POINTS}`,
  hash64: (args) => `hashtextextended(${byCodePoint(arg(args))}, 0)`,
  digest_high: (args) => `cast(cast('x' || left(md5(${arg(args)}), 16) as bit(64)) as bigint)`,
  digest_low: (args) => `cast(cast('x' || right(md5(${arg(args)}), 16) as bit(64)) as bigint)`,
};
