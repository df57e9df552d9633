/** The IR's scalar functions in DuckDB's SQL. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { Expr, FnName } from '../../compiler/ir/types.js';
import type { Emit, Sql } from '../dialect.js';
import { fn, STANDARD_FUNCTIONS } from '../emit/index.js';
import {
  byKind,
  missingByKind,
  sinceByKind,
  constantSpan,
  isOf,
  pathed,
  pathSteps,
  plusInterval,
  textLiteral,
  type ByKind,
} from '../emit/arguments.js';
import { arg } from '../emit/standard.js';
import { elements, extract, fieldOf } from './json.js';
import { quoteText } from './types.js';
import {
  caseLines,
  decimalText,
  floatDecimal,
  instantText,
  numberText,
  plainDecimal,
  textInstant,
  textNumber,
  when,
} from './values.js';

const NULL_NUMBER = 'cast(null as decimal(38, 9))';
const NULL_INSTANT = 'cast(null as timestamp)';

/** Text of the JSON value at a path: only its numbers with a fraction or exponent need rewriting. */
function jsonText(value: Sql, steps: readonly string[], newLine: string): Sql {
  const text = extract('json_extract_string', value, steps);
  const number = decimalText(floatDecimal(text, `try_cast(${text} as double)`));
  const isDouble = `${extract('json_type', value, steps)} = 'DOUBLE'`;
  return caseLines([`when ${isDouble} then coalesce(${number}, ${text})`, `else ${text}`], newLine);
}

/**
 * Text of a whole JSON value that the engine wrote: its first character tells what it is, so that only strings
 * and numbers with a fraction or exponent cost more than a look.
 */
function compactText(value: Sql, newLine: string): Sql {
  const number = decimalText(floatDecimal(asText(value), `try_cast(${value} as double)`));
  const rewritten = ['.', 'e', 'E', '-0'].map((part) => `contains(${value}, '${part}')`).join(' or ');
  // Without a backslash what stands between the quotes is the string.
  const string = String.raw`case when contains(${value}, '\') then json_extract_string(${value}, '$') else substr(${value}, 2, length(${value}) - 2) end`;
  return caseLines(
    [
      `when starts_with(${value}, '"') then ${string}`,
      `when ${value} = 'null' then null`,
      `when left(${value}, 1) in ('{', '[', 't', 'f') or not (${rewritten}) then ${asText(value)}`,
      `else coalesce(${number}, ${asText(value)})`,
    ],
    newLine,
  );
}

/**
 * Numbers without an exponent are read as they stand; all else by the grammar. As text: a cast of JSON goes by way of a
 * double, which has no place for the ninth digit of 123456789.12345679.
 */
function compactNumber(value: Sql, newLine: string): Sql {
  return caseLines(
    [
      `when regexp_full_match(${value}, '-?[0-9.]+') then ${plainDecimal(asText(value))}`,
      `else ${textNumber(`trim(${value}, '"')`, `${newLine}  `)}`,
    ],
    newLine,
  );
}

/**
 * Whether the text at a path is one of a list. Where a whole value that the engine wrote is asked for texts that only
 * strings can have, they stand in quotes as they are, unless something in the value is escaped.
 */
const jsonTextIn: Emit = (args, { args: exprs, newLine }) => {
  const [value, texts] = [arg(args), exprs.slice(2).map(textLiteral)];
  const list = (items: readonly Sql[]): Sql =>
    items.length === 1 ? `= ${arg(items)}` : `in (${items.join(', ')})`;
  const steps = pathSteps(exprs[1]);
  const whole = steps.length === 0 && isWritten(exprs[0]);
  if (!whole || texts.some((text) => NOT_STRING.test(text) || ESCAPED.test(text))) {
    const read = whole ? compactText(value, newLine) : jsonText(value, steps, newLine);
    return `(${read} ${list(args.slice(2))})`;
  }
  const written = `nullif(${value}, 'null') ${list(texts.map((text) => quoteText(`"${text}"`)))}`;
  const string = `json_extract_string(${value}, '$') ${list(args.slice(2))}`;
  return String.raw`(${written} or contains(${value}, '\') and ${string})`;
};

/** Texts that numbers, booleans, arrays and objects have. */
const NOT_STRING = /^(?:[-0-9[{]|true$|false$)/;
const ESCAPED = /["\\]|(?![\u007f-\u009f])\p{Cc}/u;

const asText = (value: Sql): Sql => `cast(${value} as varchar)`;

// Through the shortest text that gives the same float, which is also what people see.
const floatNumber = (value: Sql): Sql => floatDecimal(asText(value), value);

// Faster than a cast, and needs no session time zone.
const utc = (value: Sql): Sql => `make_timestamp(epoch_us(${value}))`;

const COLUMN_TEXT: ByKind = {
  int: asText,
  decimal: numberText,
  wide_decimal: (x) => `coalesce(${decimalText(`try_cast(${x} as decimal(38, 9))`)}, ${asText(x)})`,
  float: (x) => `coalesce(${decimalText(floatNumber(x))}, ${asText(x)})`,
  bool: asText,
  text: (x) => x,
  timestamp: instantText,
  timestamptz: (x) => instantText(utc(x)),
  date: asText,
  json: (x, newLine) => jsonText(`cast(${x} as json)`, [], newLine),
  other: asText,
};

const COLUMN_NUMBER: ByKind = {
  int: (x) => x,
  decimal: (x) => x,
  wide_decimal: (x) => `try_cast(${x} as decimal(38, 9))`,
  float: floatNumber,
  bool: () => NULL_NUMBER,
  text: textNumber,
  timestamp: () => NULL_NUMBER,
  timestamptz: () => NULL_NUMBER,
  date: () => NULL_NUMBER,
  json: (x, newLine) => textNumber(extract('json_extract_string', `cast(${x} as json)`, []), newLine),
  other: (x, newLine) => textNumber(asText(x), newLine),
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
  date: (x) => `cast(${x} as timestamp)`,
  json: (x, newLine) => textInstant(extract('json_extract_string', `cast(${x} as json)`, []), newLine),
  other: (x, newLine) => textInstant(asText(x), newLine),
};

const toJson = fn('to_json');
const jsonOf = (value: Sql): Sql => `to_json(${value})`;
const numberJson = (text: Sql): Sql => `cast(${text} as json)`;

const isNull = (x: Sql): Sql => `${x} is null`;

const COLUMN_JSON: ByKind = {
  int: jsonOf,
  decimal: (x) => numberJson(numberText(x)),
  wide_decimal: (x) => numberJson(decimalText(`try_cast(${x} as decimal(38, 9))`)),
  float: (x) => numberJson(decimalText(floatNumber(x))),
  bool: jsonOf,
  text: jsonOf,
  timestamp: (x) => jsonOf(instantText(x)),
  timestamptz: (x) => jsonOf(instantText(utc(x))),
  date: (x) => jsonOf(asText(x)),
  json: (x) => `cast(${x} as json)`,
  other: (x) => jsonOf(asText(x)),
};

/** An explicit null at the path, or at a parent, is a mention; an absent key is not. */
function jsonMention(value: Sql, steps: readonly string[]): Sql {
  const found = extract('json_extract', value, steps);
  const parents = steps
    .slice(1)
    .map((_, i) => `${extract('json_extract', value, steps.slice(0, i + 1))} = 'null'`);
  if (parents.length === 0) return found;
  return `coalesce(${found}, ${when(parents.join(' or '), "cast('null' as json)")})`;
}

/** Texts joined by hand: JSON functions would round long decimals, and keep pairs without a value. */
const jsonObject: Emit = (args, { args: exprs }) => {
  const pairs: Sql[] = [];
  for (let i = 0; i < args.length; i += 2) {
    const named = exprs[i];
    const key =
      named?.kind === 'lit'
        ? quoteText(`${JSON.stringify(textLiteral(named))}:`)
        : `${asText(jsonOf(arg(args, i)))} || ':'`;
    pairs.push(`${key} || ${asText(arg(args, i + 1))}`);
  }
  return `cast('{' || ${pairs.length === 0 ? "''" : `concat_ws(',', ${pairs.join(', ')})`} || '}' as json)`;
};

/** `- interval '30 days'` for a constant; a day is 24 hours for a timestamp without zone. */
const addMicros: Emit = (args, { args: exprs }) => {
  const span = constantSpan(exprs[1]);
  return span ? plusInterval(arg(args), span) : `${arg(args)} + to_microseconds(${arg(args, 1)})`;
};

/** Sums of decimals are null beyond the range, where DuckDB raises; integers of 64 bits are left to it. */
const decimalSum =
  (operator: '+' | '-'): Emit =>
  (args, { type }) => {
    if (type !== 'number') return `${arg(args)} ${operator} ${arg(args, 1)}`;
    const [a, b] = [arg(args), arg(args, 1)].map((x) => `cast(${x} as decimal(38, 9))`);
    return `try(${a} ${operator} ${b})`;
  };

const product: Emit = (args, { type }) => {
  if (type === 'number') throw new CompilerBug('a product of decimals, which DuckDB cannot compute exactly');
  return args.join(' * ');
};

/** Whether the value's text is compact already, because we or the engine have just written it. */
const isCompact = (expr: Expr | undefined): boolean => !(expr?.kind === 'call' && COPIED.has(expr.fn));
const COPIED: ReadonlySet<FnName> = new Set<FnName>(['parse_json', 'column_json']);

/** Whether a value is a name, and its text what the engine wrote: a column of ours, an element of an array. */
const isWritten = (expr: Expr | undefined): boolean => expr?.kind === 'col' || expr?.kind === 'element';

/** A function of a value inside JSON; a whole value in a column of ours is compact, and cheaper to look at. */
const inside =
  (
    emit: (value: Sql, steps: readonly string[], newLine: string) => Sql,
    compact: (value: Sql, newLine: string) => Sql,
  ): Emit =>
  (args, { args: exprs, newLine }) => {
    const steps = pathSteps(exprs[1]);
    const whole = steps.length === 0 && isWritten(exprs[0]);
    return whole ? compact(arg(args), newLine) : emit(arg(args), steps, newLine);
  };

export const FUNCTIONS: Record<FnName, Emit> = {
  ...STANDARD_FUNCTIONS,
  least: fn('least'),
  greatest: fn('greatest'),
  add: decimalSum('+'),
  sub: decimalSum('-'),
  mul: product,
  int_div: (args) => `${arg(args)} // ${arg(args, 1)}`,
  ts_add_micros: addMicros,
  ts_micros: fn('epoch_us'),
  contains: fn('contains'),
  starts_with: fn('starts_with'),
  ends_with: fn('ends_with'),
  column_text: byKind(COLUMN_TEXT),
  column_number: byKind(COLUMN_NUMBER),
  column_instant: byKind(COLUMN_INSTANT),
  column_since: sinceByKind(COLUMN_INSTANT, {
    // A text takes the column's own type, of which there are several.
    timestamptz: (x, { digits }) => digits && `${x} >= '${digits}+00'`,
    date: (x, { sql }) => `${x} >= cast(${sql} as date)`,
  }),
  column_missing: missingByKind(COLUMN_INSTANT, { timestamptz: isNull, date: isNull }),
  column_json: byKind(COLUMN_JSON),
  json_text: inside(jsonText, compactText),
  json_text_in: jsonTextIn,
  json_number: inside(
    (value, steps, newLine) => textNumber(extract('json_extract_string', value, steps), newLine),
    compactNumber,
  ),
  json_instant: pathed((value, steps, newLine) =>
    textInstant(extract('json_extract_string', value, steps), newLine),
  ),
  json_value: pathed((value, steps) => `nullif(${extract('json_extract', value, steps)}, 'null')`),
  text_json_value: (args, { args: exprs, beside }) => {
    const [value, steps] = [arg(args), pathSteps(exprs[1])];
    const others = beside.map((call) => pathSteps(call.kind === 'call' ? call.args[1] : undefined));
    return `nullif(${fieldOf(value, steps, others) ?? `try(${extract('json_extract', value, steps)})`}, 'null')`;
  },
  json_elements: pathed(elements),
  json_first: (args) => `json_extract(${arg(args)}, '$[0]')`,
  json_last: (args) => `json_extract(${arg(args)}, '$[#-1]')`,
  json_mention: pathed(jsonMention),
  json_is_null: (args) => `(${arg(args)} = 'null')`,
  number_text: (args, { args: exprs }) => {
    if (isOf(exprs[0], 'int')) return asText(arg(args));
    const isCast = exprs[0]?.kind === 'cast' && exprs[0].type === 'number';
    return isCast ? decimalText(arg(args)) : numberText(arg(args));
  },
  bool_text: (args) => asText(arg(args)),
  ts_text: (args) => instantText(arg(args)),
  text_number: (args, { newLine }) => textNumber(arg(args), newLine),
  text_instant: (args, { newLine }) => textInstant(arg(args), newLine),
  text_json: toJson,
  number_json: (args, { args: exprs }) =>
    isOf(exprs[0], 'int') ? jsonOf(arg(args)) : numberJson(numberText(arg(args))),
  bool_json: toJson,
  any_json: (args) => `try_cast(${arg(args)} as json)`,
  parse_json: (args) => `try_cast(${arg(args)} as json)`,
  json_object: jsonObject,
  json_dump: (args, { args: exprs }) => asText(isCompact(exprs[0]) ? arg(args) : `json(${arg(args)})`),
  sha256_hex: fn('sha256'),
  hash64: (args) => `cast(hash(${arg(args)}) >> 1 as bigint)`, // 128-bit arithmetic, to keep a bit more, is slow
  digest_high: (args) => `cast(md5_number(${arg(args)}) >> 65 as bigint)`,
  digest_low: (args) => `cast(md5_number(${arg(args)}) & 9223372036854775807 as bigint)`,
};
