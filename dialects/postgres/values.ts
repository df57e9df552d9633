/** Reading texts and numbers the one way SEMANTICS §2 and §10 allow. PostgreSQL's casts raise, so each is guarded. */
import type { Sql } from '../dialect.js';
import { CODE_POINTS } from './types.js';

const PLAIN = '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)';
/** Beyond this many digits of an exponent only the sign of it matters. */
const SMALL_EXPONENT = '[eE][+-]?0*[0-9]{1,3}';
const EXPONENT = '[eE][+-]?[0-9]+';

const LEAP = '([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)';
const DATE = `([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|${LEAP}-02-29)`;
const CLOCK = '([01][0-9]|2[0-3]):[0-5][0-9]';
const SECONDS = '(:[0-5][0-9]([.][0-9]+)?)?';
const OFFSET = '[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?';

/** `case when … then … end` */
export const when = (condition: Sql, then: Sql): Sql => `case when ${condition} then ${then} end`;

/** Text that came out of a cast or a function, which has the database's collation. */
export const asText = (value: Sql): Sql => `cast(${value} as text) ${CODE_POINTS}`;

const matches = (text: Sql, pattern: string): Sql => `${text} ~ '^(${pattern})$'`;

/**
 * A value that a template prints more than once, computed once: as a column of a SELECT that the planner may not merge.
 * A plain column needs none of that.
 */
export function once(value: Sql, of: (value: Sql) => Sql): Sql {
  if (/^[a-z_0-9."]+$/i.test(value)) return of(value);
  return `(select ${of('rc__o.v')} from (select ${value} as v offset 0) as rc__o)`;
}

/** A number of any size as our decimal: rounded half away from zero, null beyond the range and for NaN. */
export const bounded = (number: Sql): Sql =>
  `case when abs(round(${number}, 9)) < 1e29 then round(${number}, 9) end`;

/** A sum of decimals: exact already, null beyond the range. */
export const inRange = (number: Sql): Sql => when(`abs(${number}) < 1e29`, number);

/** The decimal of any text, or null; the text is a column, or printed often. */
export function textNumber(text: Sql): Sql {
  const number = bounded(`cast(${text} as numeric)`);
  const nothing = `ltrim(split_part(lower(${text}), 'e', 1), '+-0.') = ''`;
  return [
    `case when length(${text}) < 10000 and ${matches(text, `${PLAIN}(${SMALL_EXPONENT})?`)} then ${number}`,
    `when ${matches(text, `${PLAIN}${EXPONENT}`)} and (${text} ~ '[eE]-' or ${nothing}) then 0 end`,
  ].join(' ');
}

/** Plain digits of a decimal. */
export const decimalText = (number: Sql): Sql => asText(`trim_scale(${number})`);

/** The instant of ISO 8601 text, or null: a cast alone would take much more, and raise for the rest. */
export function textInstant(text: Sql): Sql {
  const clock = `cast(substring(${text} from '^(.{16}(:[0-9]{2}([.][0-9]{1,6})?)?)') as timestamp)`;
  const hours = `cast(substring(${text} from '([+-][0-9]{2})(:?[0-9]{2})?$') as int)`;
  const minutes = `cast(substring(${text} from '([+-])[0-9]{2}(:?[0-9]{2})?$') || coalesce(substring(${text} from '[+-][0-9]{2}:?([0-9]{2})$'), '0') as int)`;
  return [
    `case when ${text} < '0001' ${CODE_POINTS} then null`,
    `when ${matches(text, DATE)} then cast(${text} as timestamp)`,
    `when ${matches(text, `${DATE}[T ]${CLOCK}${SECONDS}`)} then ${clock}`,
    `when ${matches(text, `${DATE}[T ]${CLOCK}:[0-5][0-9]([.][0-9]+)?[zZ]|${DATE}[T ]${CLOCK}[zZ]`)} then ${clock}`,
    `when ${matches(text, `${DATE}[T ]${CLOCK}${SECONDS}${OFFSET}`)} then ${clock} - make_interval(hours => ${hours}, mins => ${minutes}) end`,
  ].join(' ');
}

/** ISO 8601 in UTC; with `datestyle` ISO a fraction is there only where there is one, without trailing zeros. */
export const instantText = (timestamp: Sql): Sql => `(replace(${asText(timestamp)}, ' ', 'T') || 'Z')`;

/** Instants that have an ISO 8601 text: PostgreSQL also knows infinite ones, and years before 1. */
export const sane = (timestamp: Sql): Sql =>
  when(`${timestamp} between timestamp '0001-01-01' and timestamp '9999-12-31 23:59:59.999999'`, timestamp);
