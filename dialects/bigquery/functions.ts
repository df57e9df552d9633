/** The IR's scalar functions in GoogleSQL. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { FnName } from '../../compiler/ir/types.js';
import type { Emit, Sql } from '../dialect.js';
import { fn, STANDARD_FUNCTIONS } from '../emit/index.js';
import {
  byKind,
  constantSpan,
  missingByKind,
  pathed,
  pathSteps,
  sinceByKind,
  textLiteral,
  type ByKind,
} from '../emit/arguments.js';
import { arg } from '../emit/standard.js';
import { extract, isExplicitNull, reached, typed } from './json.js';
import { quoteText } from './types.js';
import {
  asText,
  canonical,
  caseLines,
  floatNumber,
  instantText,
  jsonNumber,
  textInstant,
  textNumber,
} from './values.js';

const NULL_NUMBER = 'cast(null as numeric)';
const NULL_INSTANT = 'cast(null as timestamp)';

/** The value, unless another is null. */
const unlessNull = (other: Sql, value: Sql): Sql => `if(${other} is null, null, ${value})`;

/** JSON of the engine's own types. What is no value is no JSON either: TO_JSON_STRING writes `null` for it. */
const toJson = (value: Sql): Sql => unlessNull(value, `to_json_string(${value})`);

/** JSON text of the value at a path. */
const jsonAt = (value: Sql, steps: readonly string[]): Sql =>
  steps.length === 0 ? value : extract('json_query', value, steps);

/** Text of the value at a path: what stands in quotes, numbers made canonical, anything else as compact JSON. */
function jsonText(value: Sql, steps: readonly string[], newLine: string): Sql {
  const json = jsonAt(value, steps);
  return caseLines(
    [
      `when starts_with(${json}, '"') then ${extract('json_value', value, steps)}`,
      `else nullif(${canonical(json)}, 'null')`,
    ],
    newLine,
  );
}

function jsonNumberAt(value: Sql, steps: readonly string[], newLine: string): Sql {
  const text = extract('json_value', value, steps);
  const lines = [
    `when starts_with(${jsonAt(value, steps)}, '"') then ${textNumber(text)}`,
    `when ${text} not in ('true', 'false') then ${jsonNumber(text)}`,
  ];
  return caseLines(lines, newLine);
}

/** Text holds JSON where the engine can read it; reading makes it compact, and keeps every digit. */
const readJson = (text: Sql, read: Sql): Sql => unlessNull(typed(text), read);
const parseJson = (text: Sql): Sql => readJson(text, `coalesce(json_query(${text}, '$'), 'null')`);

/** DATETIME has no zone, which is UTC. */
const utc = (datetime: Sql): Sql => `timestamp(${datetime}, 'UTC')`;
const midnight = utc;
const narrowed = (wide: Sql): Sql => `safe_cast(${wide} as numeric)`;
const quoted = (text: Sql): Sql => `concat('"', ${text}, '"')`;
const anyText = (value: Sql): Sql => `safe_cast(${value} as string)`;

const COLUMN_TEXT: ByKind = {
  int: asText,
  decimal: asText,
  wide_decimal: (x) => `coalesce(${asText(narrowed(x))}, ${asText(x)})`,
  float: (x) => `coalesce(${asText(floatNumber(x))}, ${asText(x)})`,
  bool: asText,
  text: (x) => x,
  timestamp: instantText,
  timestamptz: (x) => instantText(utc(x)),
  date: asText,
  json: (x, newLine) => jsonText(toJson(x), [], newLine),
  other: anyText,
};

const COLUMN_NUMBER: ByKind = {
  int: (x) => x,
  decimal: (x) => x,
  wide_decimal: narrowed,
  float: floatNumber,
  bool: () => NULL_NUMBER,
  text: textNumber,
  timestamp: () => NULL_NUMBER,
  timestamptz: () => NULL_NUMBER,
  date: () => NULL_NUMBER,
  json: (x, newLine) => jsonNumberAt(toJson(x), [], newLine),
  other: (x) => textNumber(anyText(x)),
};

const COLUMN_INSTANT: ByKind = {
  int: () => NULL_INSTANT,
  decimal: () => NULL_INSTANT,
  wide_decimal: () => NULL_INSTANT,
  float: () => NULL_INSTANT,
  bool: () => NULL_INSTANT,
  text: textInstant,
  timestamp: (x) => x,
  timestamptz: utc,
  date: midnight,
  json: (x, newLine) => textInstant(`json_value(${toJson(x)}, '$')`, newLine),
  other: (x, newLine) => textInstant(anyText(x), newLine),
};

const isNull = (x: Sql): Sql => `${x} is null`;

const COLUMN_JSON: ByKind = {
  int: asText,
  decimal: asText,
  wide_decimal: (x) => asText(narrowed(x)),
  float: (x) => asText(floatNumber(x)),
  bool: asText,
  text: toJson,
  timestamp: (x) => quoted(instantText(x)),
  timestamptz: (x) => quoted(instantText(utc(x))),
  date: (x) => quoted(asText(x)),
  json: toJson,
  other: (x) => toJson(anyText(x)),
};

/** An explicit null at the path, or at a parent, is a mention; an absent key is not. */
function jsonMention(value: Sql, steps: readonly string[], newLine: string): Sql {
  const nulls = steps.map((_, i) => isExplicitNull(value, steps.slice(0, i + 1)));
  const found = extract('json_query', value, steps);
  if (nulls.length === 0) return value;
  return `coalesce(${found}, ${caseLines([`when ${nulls.join(' or ')} then 'null'`], newLine)})`;
}

/** Texts joined by hand: the engine's own functions would round long decimals, and keep pairs without a value. */
const jsonObject: Emit = (args, { args: exprs }) => {
  const pairs: Sql[] = [];
  for (let i = 0; i < args.length; i += 2) {
    const named = exprs[i];
    const key =
      named?.kind === 'lit'
        ? quoteText(`${JSON.stringify(textLiteral(named))}:`)
        : `to_json_string(${arg(args, i)}) || ':'`;
    pairs.push(`${key} || ${arg(args, i + 1)}`);
  }
  if (pairs.length === 0) return "'{}'";
  return `concat('{', array_to_string([${pairs.join(', ')}], ','), '}')`;
};

/** The JSON values that a path with `$` reaches, as a JSON array; null where there are none. */
const jsonElements = (value: Sql, steps: readonly string[]): Sql => {
  const { from, value: each, order } = reached(value, steps);
  const listed = `string_agg(${canonical(each)}, ',' order by ${order})`;
  return `concat('[', (select ${listed} from ${from} where ${each} <> 'null'), ']')`;
};

/** A constant instant that leaves the calendar is an error; a column's, which may be of any year, is missing. */
const addMicros: Emit = (args, { args: exprs }) => {
  const [at, by] = exprs;
  const safe = at?.kind === 'lit' || at?.kind === 'param' ? '' : 'safe.';
  const span = constantSpan(by);
  if (!span) return `${safe}timestamp_add(${arg(args)}, interval ${arg(args, 1)} microsecond)`;
  const { unit, amount } = span;
  const name = amount < 0n ? 'timestamp_sub' : 'timestamp_add';
  return `${safe}${name}(${arg(args)}, interval ${amount < 0n ? -amount : amount} ${unit})`;
};

/** Sums of decimals are null beyond the range, where BigQuery raises; integers of 64 bits are left to it. */
const decimalSum =
  (operator: '+' | '-', name: string): Emit =>
  (args, { type }) => {
    if (type !== 'number') return `${arg(args)} ${operator} ${arg(args, 1)}`;
    return `${name}(${args.map((x) => `cast(${x} as numeric)`).join(', ')})`;
  };

const product: Emit = (args, { type }) => {
  if (type === 'number') throw new CompilerBug('a product of decimals, which may leave their range');
  return args.join(' * ');
};

/** BigQuery's are null where any argument is, so each argument gives way to the others. */
const ignoringNulls =
  (name: 'least' | 'greatest'): Emit =>
  (args) => {
    const rotated = args.map((_, i) => [...args.slice(i), ...args.slice(0, i)]);
    return `${name}(${rotated.map((list) => (list.length > 1 ? `coalesce(${list.join(', ')})` : list.join(''))).join(', ')})`;
  };

/**
 * JSON of a column whose type nobody knows: as JSON text its values stand in quotes just where they are texts, and
 * then they may hold JSON.
 */
const anyJson: Emit = (args) => {
  const json = `to_json_string(${arg(args)})`;
  const text = `json_value(${json}, '$')`;
  return unlessNull(arg(args), `if(starts_with(${json}, '"'), ${parseJson(text)}, ${json})`);
};

export const FUNCTIONS: Record<FnName, Emit> = {
  ...STANDARD_FUNCTIONS,
  least: ignoringNulls('least'),
  greatest: ignoringNulls('greatest'),
  add: decimalSum('+', 'safe_add'),
  sub: decimalSum('-', 'safe_subtract'),
  mul: product,
  int_div: fn('div'),
  ts_add_micros: addMicros,
  ts_micros: fn('unix_micros'),
  contains: (args) => `(strpos(${args.join(', ')}) > 0)`,
  starts_with: fn('starts_with'),
  ends_with: fn('ends_with'),
  column_text: byKind(COLUMN_TEXT),
  column_number: byKind(COLUMN_NUMBER),
  column_instant: byKind(COLUMN_INSTANT),
  column_since: sinceByKind(COLUMN_INSTANT, {
    timestamptz: (x, { sql }) => `${x} >= datetime(${sql}, 'UTC')`,
    date: (x, { sql }) => `${x} >= date(${sql}, 'UTC')`,
  }),
  column_missing: missingByKind(COLUMN_INSTANT, { timestamptz: isNull, date: isNull }),
  column_json: byKind(COLUMN_JSON),
  json_text: pathed(jsonText),
  json_text_in: (args, { args: exprs, newLine }) =>
    `(${jsonText(arg(args), pathSteps(exprs[1]), newLine)} in (${args.slice(2).join(', ')}))`,
  json_number: pathed(jsonNumberAt),
  json_instant: pathed((value, steps, newLine) =>
    // Digits alone are no instant, so a number need not be told from text.
    textInstant(extract('json_value', value, steps), newLine),
  ),
  json_value: pathed((value, steps) => extract('json_query', value, steps)),
  text_json_value: pathed((text, steps) => readJson(text, extract('json_query', text, steps))),
  json_elements: pathed(jsonElements),
  json_first: (args) => `json_query_array(${arg(args)}, '$')[safe_offset(0)]`,
  json_last: (args) => `array_reverse(json_query_array(${arg(args)}, '$'))[safe_offset(0)]`,
  json_mention: pathed(jsonMention),
  json_is_null: (args) => `(${arg(args)} = 'null')`,
  number_text: (args) => asText(arg(args)),
  bool_text: (args) => asText(arg(args)),
  ts_text: (args) => instantText(arg(args)),
  text_number: (args) => textNumber(arg(args)),
  text_instant: (args, { newLine }) => textInstant(arg(args), newLine),
  text_json: (args) => toJson(arg(args)),
  number_json: (args) => asText(arg(args)),
  bool_json: (args) => asText(arg(args)),
  any_json: anyJson,
  parse_json: (args) => parseJson(arg(args)),
  json_object: jsonObject,
  json_dump: (args) => arg(args),
  sha256_hex: (args) => `to_hex(sha256(${arg(args)}))`,
  hash64: fn('farm_fingerprint'),
  digest_high: fn('farm_fingerprint'),
  digest_low: (args) => `farm_fingerprint(concat('.', ${arg(args)}))`,
};
