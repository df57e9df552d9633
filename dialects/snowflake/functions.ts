/** The IR's scalar functions in Snowflake's SQL. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { FnName } from '../../compiler/ir/types.js';
import type { Emit, Sql } from '../dialect.js';
import { fn, STANDARD_FUNCTIONS } from '../emit/index.js';
import {
  byKind,
  constantSpan,
  isOf,
  missingByKind,
  pathSteps,
  sinceByKind,
  textLiteral,
  type ByKind,
} from '../emit/arguments.js';
import { arg } from '../emit/standard.js';
import { dump, elements, instantAt, mentionAt, numberAt, textAt, valueAt } from './json.js';
import { quoteText } from './types.js';
import {
  decimalText,
  engineNumber,
  instantText,
  numberText,
  textInstant,
  textNumber,
  utc,
  when,
} from './values.js';

const NULL_NUMBER = 'cast(null as number(38, 9))';
const NULL_INSTANT = 'cast(null as timestamp_ntz(6))';
/** The largest decimal; one of 29 digits before the point is just in range. */
const MOST = '99999999999999999999999999999.999999999';

const asText = (value: Sql): Sql => `to_varchar(${value})`;
const dateText = (date: Sql): Sql => `to_varchar(${date}, 'YYYY-MM-DD')`;
/** Text without the collation of its column. */
const plainText = (value: Sql): Sql => `collate(to_varchar(${value}), '')`;
/** A number of 64 bits as one with a sign. */
const signed = (unsigned: Sql): Sql => `(${unsigned} - 9223372036854775808)`;
const micros = (timestamp: Sql): Sql => `date_trunc('microsecond', ${timestamp})`;
/** A number of more digits than ours, null where it is beyond them: a cast would be an error. */
const inRange = (x: Sql): Sql => when(`abs(round(${x}, 9)) <= ${MOST}`, `cast(${x} as number(38, 9))`);
// Through its text, whose digits are those that people see.
const floatNumber = (x: Sql): Sql => engineNumber(asText(x));

const COLUMN_TEXT: ByKind = {
  int: asText,
  decimal: numberText,
  wide_decimal: (x) => `coalesce(${decimalText(inRange(x))}, ${asText(x)})`,
  float: (x) => `coalesce(${decimalText(floatNumber(x))}, ${asText(x)})`,
  bool: asText,
  text: (x) => x,
  timestamp: instantText,
  timestamptz: (x) => instantText(utc(x)),
  date: dateText,
  json: (x) => textAt(`to_variant(${x})`, []),
  other: plainText,
};

const COLUMN_NUMBER: ByKind = {
  int: (x) => x,
  decimal: (x) => x,
  wide_decimal: inRange,
  float: floatNumber,
  bool: () => NULL_NUMBER,
  text: textNumber,
  timestamp: () => NULL_NUMBER,
  timestamptz: () => NULL_NUMBER,
  date: () => NULL_NUMBER,
  json: (x, newLine) => numberAt(`to_variant(${x})`, [], newLine),
  other: (x, newLine) => textNumber(plainText(x), newLine),
};

const COLUMN_INSTANT: ByKind = {
  int: () => NULL_INSTANT,
  decimal: () => NULL_INSTANT,
  wide_decimal: () => NULL_INSTANT,
  float: () => NULL_INSTANT,
  bool: () => NULL_INSTANT,
  text: textInstant,
  timestamp: micros,
  timestamptz: utc,
  date: (x) => `cast(${x} as timestamp_ntz(6))`,
  json: (x, newLine) => instantAt(`to_variant(${x})`, [], newLine),
  other: (x, newLine) => textInstant(plainText(x), newLine),
};

const isNull = (x: Sql): Sql => `${x} is null`;

const jsonOf = (value: Sql): Sql => `to_variant(${value})`;
/** Through JSON text, which keeps the number's own digits and no zeros after them. */
const numberJson = (text: Sql): Sql => `parse_json(${text})`;

const COLUMN_JSON: ByKind = {
  int: jsonOf,
  decimal: (x) => numberJson(numberText(x)),
  wide_decimal: (x) => numberJson(decimalText(inRange(x))),
  float: (x) => numberJson(decimalText(floatNumber(x))),
  bool: jsonOf,
  text: jsonOf,
  timestamp: (x) => jsonOf(instantText(micros(x))),
  timestamptz: (x) => jsonOf(instantText(utc(x))),
  date: (x) => jsonOf(dateText(x)),
  json: jsonOf,
  other: (x) => jsonOf(plainText(x)),
};

/** A pair whose value is NULL is left out; one whose value is JSON null stays. */
const jsonObject: Emit = (args, { args: exprs }) => {
  const pairs: Sql[] = [];
  for (let i = 0; i < args.length; i += 2) {
    const named = exprs[i];
    const key = named?.kind === 'lit' ? quoteText(textLiteral(named)) : arg(args, i);
    pairs.push(`${key}, ${arg(args, i + 1)}`);
  }
  return `to_variant(object_construct(${pairs.join(', ')}))`;
};

/** `dateadd('day', -30, …)` for a constant; a day is 24 hours for a timestamp without zone. */
const addMicros: Emit = (args, { args: exprs }) => {
  const span = constantSpan(exprs[1]);
  return `dateadd('${span?.unit ?? 'microsecond'}', ${span?.amount ?? arg(args, 1)}, ${arg(args)})`;
};

/**
 * Sums of decimals are null beyond the range, where Snowflake raises; integers never come near it. How much room is left
 * for the other side is asked of what is on this side of zero alone, as that cannot be beyond the range itself.
 */
const decimalSum =
  (operator: '+' | '-'): Emit =>
  (args, { type }) => {
    const [a, b] = [arg(args), arg(args, 1)];
    const sum = `${a} ${operator} ${b}`;
    if (type !== 'number') return sum;
    const [positive, negative] = [`greatest(${a}, 0)`, `least(${a}, 0)`];
    const [most, least] =
      operator === '+'
        ? [`${MOST} - ${positive}`, `-${MOST} - ${negative}`]
        : [`${MOST} + ${negative}`, `${positive} - ${MOST}`];
    return `case when ${b} between ${least} and ${most} then ${sum} end`;
  };

const product: Emit = (args, { type }) => {
  if (type === 'number')
    throw new CompilerBug('a product of decimals, which would have more digits than there are');
  return args.join(' * ');
};

export const FUNCTIONS: Record<FnName, Emit> = {
  ...STANDARD_FUNCTIONS,
  least: fn('least_ignore_nulls'),
  greatest: fn('greatest_ignore_nulls'),
  add: decimalSum('+'),
  sub: decimalSum('-'),
  mul: product,
  // Division rounds to six digits, so only whole multiples are divided.
  int_div: (args) => `cast((${arg(args)} - mod(${arg(args)}, ${arg(args, 1)})) / ${arg(args, 1)} as bigint)`,
  ts_add_micros: addMicros,
  ts_micros: (args) => `date_part(epoch_microsecond, ${arg(args)})`,
  contains: fn('contains'),
  starts_with: fn('startswith'),
  ends_with: fn('endswith'),
  column_text: byKind(COLUMN_TEXT),
  column_number: byKind(COLUMN_NUMBER),
  column_instant: byKind(COLUMN_INSTANT),
  column_since: sinceByKind(COLUMN_INSTANT, {
    timestamp: (x, { sql }) => `${x} >= ${sql}`,
    date: (x, { sql }) => `${x} >= cast(${sql} as date)`,
  }),
  column_missing: missingByKind(COLUMN_INSTANT, { timestamp: isNull, timestamptz: isNull, date: isNull }),
  column_json: byKind(COLUMN_JSON),
  json_text: (args, { args: exprs }) => textAt(arg(args), pathSteps(exprs[1])),
  json_text_in: (args, { args: exprs }) =>
    `(${textAt(arg(args), pathSteps(exprs[1]))} in (${args.slice(2).join(', ')}))`,
  json_number: (args, { args: exprs, newLine }) => numberAt(arg(args), pathSteps(exprs[1]), newLine),
  json_instant: (args, { args: exprs, newLine }) => instantAt(arg(args), pathSteps(exprs[1]), newLine),
  json_value: (args, { args: exprs }) => valueAt(arg(args), pathSteps(exprs[1])),
  text_json_value: (args, { args: exprs }) => valueAt(`try_parse_json(${arg(args)})`, pathSteps(exprs[1])),
  json_elements: (args, { args: exprs }) => elements(arg(args), pathSteps(exprs[1])),
  json_first: (args) => `get(${arg(args)}, 0)`,
  json_last: (args) => `get(${arg(args)}, array_size(${arg(args)}) - 1)`,
  json_mention: (args, { args: exprs }) => mentionAt(arg(args), pathSteps(exprs[1])),
  json_is_null: fn('is_null_value'),
  number_text: (args, { args: exprs }) => (isOf(exprs[0], 'int') ? asText(arg(args)) : numberText(arg(args))),
  bool_text: (args) => asText(arg(args)),
  ts_text: (args) => instantText(arg(args)),
  text_number: (args, { newLine }) => textNumber(arg(args), newLine),
  text_instant: (args, { newLine }) => textInstant(arg(args), newLine),
  text_json: (args) => jsonOf(arg(args)),
  number_json: (args, { args: exprs }) =>
    isOf(exprs[0], 'int') ? jsonOf(arg(args)) : numberJson(numberText(arg(args))),
  bool_json: (args) => jsonOf(arg(args)),
  any_json: (args) => {
    const [value, text] = [jsonOf(arg(args)), `as_varchar(${jsonOf(arg(args))})`];
    return `coalesce(try_parse_json(${text}), ${when(`${text} is null`, value)})`;
  },
  parse_json: fn('try_parse_json'),
  json_object: jsonObject,
  json_dump: (args) => dump(arg(args)),
  sha256_hex: (args) => `sha2(${arg(args)}, 256)`,
  hash64: (args) => when(`${arg(args)} is not null`, `hash(${arg(args)})`),
  digest_high: (args) => signed(`md5_number_upper64(${arg(args)})`),
  digest_low: (args) => signed(`md5_number_lower64(${arg(args)})`),
};
