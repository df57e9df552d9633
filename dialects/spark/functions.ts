/** The IR's scalar functions in Spark's SQL, with ANSI on: what may fail is a `try_` function. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { FnName } from '../../compiler/ir/types.js';
import type { Emit, Sql } from '../dialect.js';
import {
  byKind,
  isOf,
  missingByKind,
  pathed,
  pathSteps,
  sinceByKind,
  textLiteral,
  type ByKind,
} from '../emit/arguments.js';
import { fn, STANDARD_FUNCTIONS } from '../emit/index.js';
import { arg } from '../emit/standard.js';
import { quoteText } from './types.js';
import {
  arrayOf,
  at,
  checkedVariant,
  decimalText,
  elements,
  instantText,
  looseText,
  numberText,
  textInstant,
  textJson,
  textNumber,
  variantOf,
  variantText,
} from './values.js';

const asText = (value: Sql): Sql => `cast(${value} as string)`;
const NULL_NUMBER = 'cast(null as decimal(38, 9))';
const NULL_INSTANT = 'cast(null as timestamp)';
const wide = (value: Sql): Sql => `try_cast(${value} as decimal(38, 9))`;
// Through the text of the float, which is what people see.
const float = (value: Sql): Sql => wide(asText(value));

const COLUMN_TEXT: ByKind = {
  int: asText,
  decimal: numberText,
  wide_decimal: (x) => `coalesce(${decimalText(wide(x))}, ${asText(x)})`,
  float: (x) => `coalesce(${decimalText(float(x))}, ${asText(x)})`,
  bool: asText,
  text: (x) => x,
  timestamp: instantText,
  timestamptz: (x) => instantText(`cast(${x} as timestamp)`),
  date: asText,
  json: variantText,
  other: asText,
};

const COLUMN_NUMBER: ByKind = {
  int: (x) => `cast(${x} as decimal(38, 9))`,
  decimal: (x) => `cast(${x} as decimal(38, 9))`,
  wide_decimal: wide,
  float,
  bool: () => NULL_NUMBER,
  text: textNumber,
  timestamp: () => NULL_NUMBER,
  timestamptz: () => NULL_NUMBER,
  date: () => NULL_NUMBER,
  json: (x) => textNumber(looseText(x)),
  other: (x) => textNumber(asText(x)),
};

const COLUMN_INSTANT: ByKind = {
  int: () => NULL_INSTANT,
  decimal: () => NULL_INSTANT,
  wide_decimal: () => NULL_INSTANT,
  float: () => NULL_INSTANT,
  bool: () => NULL_INSTANT,
  text: textInstant,
  timestamp: (x) => x,
  timestamptz: (x) => `cast(${x} as timestamp)`,
  date: (x) => `cast(${x} as timestamp)`,
  json: (x) => textInstant(looseText(x)),
  other: (x) => textInstant(asText(x)),
};

const COLUMN_JSON: ByKind = {
  int: asText,
  decimal: numberText,
  wide_decimal: (x) => decimalText(wide(x)),
  float: (x) => decimalText(float(x)),
  bool: asText,
  text: textJson,
  timestamp: (x) => textJson(instantText(x)),
  timestamptz: (x) => textJson(instantText(`cast(${x} as timestamp)`)),
  date: (x) => textJson(asText(x)),
  json: (x) => `to_json(${x})`,
  other: (x) => textJson(asText(x)),
};

/** A function of the VARIANT at a path. */
const inside = (emit: (variant: Sql, newLine: string) => Sql): Emit =>
  pathed((json, steps, newLine) => emit(at(variantOf(json), steps), newLine));

const valueOf = (variant: Sql): Sql => `nullif(to_json(${variant}), 'null')`;

/** An explicit null at the path, or at a parent, is a mention; an absent key is not. */
const jsonMention = pathed((json, steps) => {
  const value = variantOf(json);
  const parents = steps.slice(1).map((_, i) => `to_json(${at(value, steps.slice(0, i + 1))}) = 'null'`);
  const found = `to_json(${at(value, steps)})`;
  return parents.length === 0
    ? found
    : `coalesce(${found}, case when ${parents.join(' or ')} then 'null' end)`;
});

const jsonObject: Emit = (args, { args: exprs }) => {
  const pairs: Sql[] = [];
  for (let i = 0; i < args.length; i += 2) {
    const key = exprs[i];
    const named =
      key?.kind === 'lit'
        ? quoteText(`${JSON.stringify(textLiteral(key))}:`)
        : `${textJson(arg(args, i))} || ':'`;
    pairs.push(`(${named} || ${arg(args, i + 1)})`);
  }
  return `('{' || concat_ws(','${pairs.map((pair) => `, ${pair}`).join('')}) || '}')`;
};

/** Decimals beyond the range are null; nine digits after the point are kept (`allowPrecisionLoss` is off). */
const sumOf =
  (name: 'try_add' | 'try_subtract', operator: '+' | '-'): Emit =>
  (args, { type }) =>
    type === 'number'
      ? `${name}(${args.map((x) => `cast(${x} as decimal(38, 9))`).join(', ')})`
      : args.join(` ${operator} `);

export const FUNCTIONS: Record<FnName, Emit> = {
  ...STANDARD_FUNCTIONS,
  least: fn('least'),
  greatest: fn('greatest'),
  add: sumOf('try_add', '+'),
  sub: sumOf('try_subtract', '-'),
  mul: (args, { type }) => {
    if (type === 'number') throw new CompilerBug('a product of decimals');
    return args.join(' * ');
  },
  int_div: (args) => `(${arg(args)} div ${arg(args, 1)})`,
  ts_add_micros: (args) => `timestamp_micros(unix_micros(${arg(args)}) + ${arg(args, 1)})`,
  ts_micros: fn('unix_micros'),
  contains: fn('contains'),
  starts_with: fn('startswith'),
  ends_with: fn('endswith'),
  column_text: byKind(COLUMN_TEXT),
  column_number: byKind(COLUMN_NUMBER),
  column_instant: byKind(COLUMN_INSTANT),
  column_since: sinceByKind(COLUMN_INSTANT, {}),
  column_missing: missingByKind(COLUMN_INSTANT, {}),
  column_json: byKind(COLUMN_JSON),
  json_text: inside(variantText),
  json_text_in: (args, { args: exprs, newLine }) =>
    `(${variantText(at(variantOf(arg(args)), pathSteps(exprs[1])), newLine)} in (${args.slice(2).join(', ')}))`,
  json_number: inside((variant) => textNumber(looseText(variant))),
  json_instant: inside((variant) => textInstant(looseText(variant))),
  json_value: inside(valueOf),
  text_json_value: pathed((text, steps) => valueOf(at(checkedVariant(text), steps))),
  json_elements: pathed(elements),
  json_first: (args) => `to_json(try_variant_get(${variantOf(arg(args))}, '$[0]'))`,
  json_last: (args) => `to_json(try_element_at(${arrayOf(variantOf(arg(args)))}, -1))`,
  json_mention: jsonMention,
  json_is_null: (args) => `(${arg(args)} = 'null')`,
  number_text: (args, { args: exprs }) => (isOf(exprs[0], 'int') ? asText(arg(args)) : numberText(arg(args))),
  bool_text: (args) => asText(arg(args)),
  ts_text: (args) => instantText(arg(args)),
  text_number: (args) => textNumber(arg(args)),
  text_instant: (args) => textInstant(arg(args)),
  text_json: (args) => textJson(arg(args)),
  number_json: (args, { args: exprs }) => (isOf(exprs[0], 'int') ? asText(arg(args)) : numberText(arg(args))),
  bool_json: (args) => asText(arg(args)),
  // A VARIANT is JSON itself; of anything else the text may hold it.
  any_json: (args) => {
    const value = `cast(${arg(args)} as variant)`;
    const isText = `schema_of_variant(${value}) = 'STRING'`;
    return `case when ${isText} then to_json(${checkedVariant(looseText(value))}) else to_json(${value}) end`;
  },
  parse_json: (args) => `to_json(${checkedVariant(arg(args))})`,
  json_object: jsonObject,
  json_dump: (args) => arg(args),
  sha256_hex: (args) => `sha2(${arg(args)}, 256)`,
  hash64: fn('xxhash64'),
  digest_high: (args) => `cast(conv(left(md5(${arg(args)}), 15), 16, 10) as bigint)`,
  digest_low: (args) => `cast(conv(right(md5(${arg(args)}), 15), 16, 10) as bigint)`,
};
