/**
 * The small world the histories and the definitions share. Small on purpose: few names, few values and few instants
 * make ties, duplicates and exact window edges common, and a literal of a definition likely to meet its value.
 */
import fc from 'fast-check';

import type { Json } from '../reference/model.js';
import { formatInstant, parseDuration, requireInstant, type Micros } from '../reference/time.js';
import { hostileText } from './hostile.js';

/** The instant that histories lie around; a leap day ends the day before. */
export const AS_OF = '2024-03-01T00:00:00.000000Z';

export const USERS = ['ann', 'bob', 'dee', 'o\'cy "x"\\'];
export const ANONYMOUS_IDS = ['a1', 'a2', 'a3', 'a;4%'];

export const GROUPS = ['acme', 'globex', 'ini"te\'ch;%'];

export const SOURCES = ['raw', 'web'];
export const SOURCE_IDS = ['src_1', "src'2"];

/** The event that most messages and most definitions are about. */
export const USUAL_EVENT = 'Order Completed';
export const PLAIN_EVENTS = [USUAL_EVENT, 'Product Viewed', 'Page Viewed', 'Screen Viewed'];
export const HOSTILE_EVENTS = [
  `O'Brien "quoted" \\ back`,
  'Semi;colon -- 100% $1 ??',
  'line\nbreak\tЖ 😀',
  'order completed',
];
export const EVENTS = [...PLAIN_EVENTS, ...HOSTILE_EVENTS];

/** Keys as they stand in a message, with the path that reads each. Two differ by case alone. */
export const HOSTILE_KEYS = [
  { key: `we"ird'k/ey`, path: `we"ird'k/ey` },
  { key: 'dot.ted', path: 'dot\\.ted' },
  { key: '$cost', path: '$cost' },
  { key: 'back\\slash', path: 'back\\slash' },
  { key: 'naïve ключ 😀', path: 'naïve ключ 😀' },
  { key: 'CATEGORY', path: 'CATEGORY' },
  { key: 'semi;%s', path: 'semi;%s' },
];

/** Paths of `properties` by what usually stands there. */
export const NUMBER_PATHS = ['price', 'quantity', 'info.zip'];
export const TEXT_PATHS = ['category', 'info.city', 'page_name'];
export const HOSTILE_PATHS = HOSTILE_KEYS.map(({ path }) => path);
export const BOOLEAN_PATHS = ['on_sale'];
export const DATE_PATHS = ['when'];
/** Arrays of plain values: read whole as compact JSON text, or by element with `$`. */
export const ARRAY_PATHS = ['tags'];
/** Several keys, and the order of an object's keys is the engine's: only asked whether it is there. */
export const OBJECT_PATHS = ['info'];
export const ABSENT_PATHS = ['nowhere', 'price.amount', 'tags.0'];
/** Paths with an array step, for definitions that may have one. */
export const ELEMENT_PATHS = ['tags.$', 'items.$.sku', 'items.$.quantity'];

export const CONTEXT_TEXT_PATHS = ['page.url', 'campaign.name', 'device.type'];

/** Custom traits by what usually stands there; {@link CUSTOM_TRAITS} lists the top-level names for a catalog. */
export const NUMBER_TRAITS = ['score', 'address.zip'];
export const TEXT_TRAITS = ['plan', 'address.city', 'email', 'na"me\'s'];
export const BOOLEAN_TRAITS = ['vip'];
export const DATE_TRAITS = ['joined'];
export const OBJECT_TRAITS = ['address'];
/** Some addresses are arrays. */
export const ELEMENT_TRAITS = ['labels.$', 'address.$.city'];
export const CUSTOM_TRAITS = ['score', 'address', 'plan', 'email', 'na"me\'s', 'vip', 'joined', 'labels'];

export const NUMBERS = [0, 1, 1.5, 2, -2, 10, 100, 0.1, 99.999999999, 1e-7];
/** Texts next to each other in some collation, trimming or normalisation, and all different by code point. */
export const TEXTS = [
  'Berlin',
  'berlin',
  'Berlin ',
  'Zürich',
  'Zu\u0308rich',
  'b',
  'a',
  '😀',
  '\uFFFD',
  '/pricing',
];
/** Some numeric, most not. `1e29` is numeric text out of range. */
export const NUMERIC_TEXTS = ['1', '1.0', '1.50', '+2', '-2', '1e2', '0.0000000005', '1e29', '1e28'];
export const ALMOST_NUMERIC_TEXTS = [
  '',
  ' 1',
  '1 ',
  '0x10',
  'NaN',
  'Infinity',
  '1_000',
  '1,5',
  'true',
  'false',
  'null',
];

/** Every unit, and spans that are equal though written differently. */
export const DURATIONS = [
  '1 second',
  '90 minutes',
  '1 hour',
  '24 hours',
  '1 day',
  '7 days',
  '1 week',
  '30 days',
  '90 days',
];
/** Short to long, each used as [near, far]. */
export const SPANS: readonly [string, string][] = [
  ['1 hour', '1 day'],
  ['1 day', '7 days'],
  ['7 days', '30 days'],
  ['30 days', '90 days'],
];

const ZERO = '0 days';

/**
 * Instants at the exact edges of the windows in {@link DURATIONS}, seen from {@link AS_OF}, a microsecond to either side
 * of them, and some after it. Shrinks towards `AS_OF` itself.
 */
export function instant(): fc.Arbitrary<string> {
  const past = fc.constantFrom(ZERO, '1 hour', '1 day', '7 days', '7 days', '30 days', '90 days', '1 second');
  const future = fc.constantFrom('1 second', '1 hour', '1 day', '7 days', '30 days');
  const nudge = fc.oneof(
    { weight: 4, arbitrary: fc.constant(0n) },
    { weight: 2, arbitrary: fc.constantFrom(1n, -1n) },
  );
  const offset: fc.Arbitrary<Micros> = fc.oneof(
    { weight: 8, arbitrary: past.map((span) => -parseDuration(span)) },
    { weight: 1, arbitrary: future.map(parseDuration) },
  );
  return fc.tuple(offset, nudge).map(([by, micros]) => formatInstant(requireInstant(AS_OF) + by + micros));
}

/** Texts that read as the dates of {@link instant}, in several spellings, and some that almost do. */
export function dateText(): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: instant() },
    { weight: 3, arbitrary: fc.constantFrom(...DATE_SPELLINGS) },
    { weight: 1, arbitrary: fc.constantFrom(...ALMOST_DATES) },
  );
}

const DATE_SPELLINGS = [
  '2024-03-01',
  '2024-02-29',
  '2024-02-29 00:00:00',
  '2024-02-29T00:00',
  '2024-03-01T00:00:00z',
  '2024-03-01T01:00:00+01:00',
  '2024-02-29T19:00:00-0500',
  '2024-02-29T23:59:59.9999999Z',
  '2024-03-01T02:00:00.5+02',
];
const ALMOST_DATES = [
  '2023-02-29',
  '2024-13-01',
  '2024-02-29T24:00:00Z',
  '2024-02-29T10:00:60Z',
  '20240229',
  '2024-02',
];

/** Any value of a message that has one text on every engine: no object of several keys, no exotic number. */
export function anyValue(): fc.Arbitrary<Json> {
  return fc.oneof(
    fc.constantFrom<Json>(null, true, false),
    fc.constantFrom(...NUMBERS),
    fc.constantFrom(...NUMERIC_TEXTS),
    fc.constantFrom(...ALMOST_NUMERIC_TEXTS),
    fc.constantFrom(...TEXTS),
    dateText(),
    hostileText(),
    fc.constantFrom<Json>([], {}, [1, 'a', null], ['b', true], { a: 1 }, [{ a: '"' }]),
  );
}

/** Mostly what `usual` makes, sometimes a value of any other type, sometimes null. */
export function mostly(usual: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  return fc.oneof(
    { weight: 8, arbitrary: usual },
    { weight: 2, arbitrary: anyValue() },
    { weight: 1, arbitrary: fc.constant(null) },
  );
}
