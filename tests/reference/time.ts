/**
 * Instants and durations, exact to the microsecond, as bigint microseconds since 1970-01-01T00:00:00Z
 * (SEMANTICS §3 for windows and units, §2 and §10 for what reads as a date).
 */

export type Micros = bigint;

const SECOND: Micros = 1_000_000n;
const MINUTE: Micros = 60n * SECOND;
const HOUR: Micros = 60n * MINUTE;
const DAY: Micros = 24n * HOUR;
const WEEK: Micros = 7n * DAY;

const UNITS: Readonly<Record<string, Micros>> = {
  second: SECOND,
  minute: MINUTE,
  hour: HOUR,
  day: DAY,
  week: WEEK,
};

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(Z|z|[+-]\d{2}(?::?\d{2})?)?$/;

/**
 * Reads an ISO 8601 date (`2024-02-29`) or instant (`2024-02-29T10:00:00.123456+01:00`; a space may stand for the
 * `T`). No offset means UTC and digits past microseconds are dropped. Returns `undefined` for anything else,
 * impossible calendar values, hour 24 and second 60 included.
 */
export function parseInstant(text: string): Micros | undefined {
  const day = parseDay(text.slice(0, 10));
  if (day === undefined) return undefined;
  const rest = text.slice(10);
  if (rest === '') return day;
  if (rest[0] !== 'T' && rest[0] !== ' ') return undefined;
  const time = parseTime(rest.slice(1));
  return time === undefined ? undefined : day + time;
}

function parseDay(text: string): Micros | undefined {
  const match = DATE.exec(text);
  if (!match) return undefined;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  if (year < 1) return undefined;
  // Not Date.UTC: it takes the years 0 to 99 for 1900 to 1999.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists ? BigInt(date.getTime()) * 1000n : undefined;
}

/** Microseconds from midnight UTC to a time of day with its offset; negative or past a day where the offset says so. */
function parseTime(text: string): Micros | undefined {
  const match = TIME.exec(text);
  if (!match) return undefined;
  const [, hours = '', minutes = '', seconds = '0', fraction = '', zone = 'Z'] = match;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const offset = parseOffset(zone);
  if (offset === undefined) return undefined;
  const micros = BigInt(fraction.slice(0, 6).padEnd(6, '0'));
  return BigInt(hours) * HOUR + BigInt(minutes) * MINUTE + BigInt(seconds) * SECOND + micros - offset;
}

function parseOffset(zone: string): Micros | undefined {
  if (zone === 'Z' || zone === 'z') return 0n;
  const hours = zone.slice(1, 3);
  const minutes = zone.slice(3).replace(':', '') || '0';
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const magnitude = BigInt(hours) * HOUR + BigInt(minutes) * MINUTE;
  return zone.startsWith('-') ? -magnitude : magnitude;
}

/** Reads an instant that a definition or a caller wrote; throws where it is not one. */
export function requireInstant(text: string): Micros {
  const instant = parseInstant(text);
  if (instant === undefined) throw new Error(`not an ISO 8601 instant: ${JSON.stringify(text)}`);
  return instant;
}

/** Reads a duration such as `30 days` or `1 hour`; throws on anything else. */
export function parseDuration(text: string): Micros {
  const match = /^(\d+) (second|minute|hour|day|week)s?$/.exec(text);
  const unit = match?.[2] === undefined ? undefined : UNITS[match[2]];
  if (match?.[1] === undefined || unit === undefined) {
    throw new Error(`not a duration: ${JSON.stringify(text)}`);
  }
  return BigInt(match[1]) * unit;
}

/** An instant's text in UTC with exactly six fraction digits: `2024-03-01T00:00:00.000000Z`. */
export function formatInstant(micros: Micros): string {
  const fraction = ((micros % SECOND) + SECOND) % SECOND;
  const whole = new Date(Number((micros - fraction) / 1000n)).toISOString().slice(0, 19);
  return `${whole}.${fraction.toString().padStart(6, '0')}Z`;
}
