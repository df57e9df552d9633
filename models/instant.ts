/** As the published schemas have it: whether the day exists is beyond a regular expression. */
export const INSTANT_PATTERN =
  '^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?$';

const PARTS =
  /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(?:(Z)|([+-])(\d{2}):(\d{2}))?)?$/;

/**
 * Reads an ISO 8601 date or instant of a definition to microseconds since 1970 (SEMANTICS §2: no offset
 * means UTC, a date is its midnight). Undefined for anything else, also a day that does not exist and
 * digits finer than a microsecond, which no engine could compare exactly.
 */
export function parseInstant(text: string): bigint | undefined {
  const match = PARTS.exec(text);
  if (match === null) return undefined;
  const n = (index: number): number => Number(match[index] ?? '0');
  const [year, month, day, hour, minute, second] = [n(1), n(2), n(3), n(4), n(5), n(6)];
  if (year < 1 || hour > 23 || minute > 59 || second > 59 || n(10) > 23 || n(11) > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const millis = date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000;
  const offset = (n(10) * 60 + n(11)) * (match[9] === '-' ? -1 : 1);
  const fraction = BigInt((match[7] ?? '').padEnd(6, '0'));
  return BigInt(millis) * 1000n + fraction - BigInt(offset) * 60_000_000n;
}

/** A hint for a text that is not an instant. */
export function instantHint(text: string): string {
  if (/T.*\.\d{7,}/.test(text)) return 'microseconds are the finest: at most six digits after the point';
  if (/^\d{4}-\d{2}-\d{2} \d/.test(text)) return `write ${JSON.stringify(text.replace(' ', 'T'))}`;
  if (PARTS.test(text)) return 'there is no such day or time';
  return 'write a date or an instant: "2025-03-01" or "2025-03-01T09:30:00Z"';
}
