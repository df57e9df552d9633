import { describe, expect, it } from 'vitest';

import { formatInstant, parseDuration, parseInstant } from './time.js';

const utc = (text: string): string | undefined => {
  const instant = parseInstant(text);
  return instant === undefined ? undefined : formatInstant(instant);
};

describe('instants', () => {
  it.each([
    ['2024-02-29', '2024-02-29T00:00:00.000000Z'],
    ['2024-02-29T10:00', '2024-02-29T10:00:00.000000Z'],
    ['2024-02-29 10:00:01', '2024-02-29T10:00:01.000000Z'],
    ['2024-02-29T10:00:01.5z', '2024-02-29T10:00:01.500000Z'],
    ['2024-02-29T10:00:01.1234569Z', '2024-02-29T10:00:01.123456Z'],
    ['2024-02-29T00:30:00+01:00', '2024-02-28T23:30:00.000000Z'],
    ['2024-02-29T23:30:00-0130', '2024-03-01T01:00:00.000000Z'],
    ['2024-02-29T10:00:00+02', '2024-02-29T08:00:00.000000Z'],
    ['0099-01-01', '0099-01-01T00:00:00.000000Z'],
    ['1969-12-31T23:59:59.999999Z', '1969-12-31T23:59:59.999999Z'],
    ['9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.999999Z'],
  ])('%s is %s', (text, expected) => expect(utc(text)).toBe(expected));

  it.each([
    '',
    '2024',
    '2024-02',
    '2023-02-29',
    '2024-13-01',
    '2024-00-10',
    '2024-01-32',
    '0000-01-01',
    '2024-2-9',
    '20240229',
    '2024-02-29T',
    '2024-02-29T10',
    '2024-02-29T24:00:00Z',
    '2024-02-29T10:60:00Z',
    '2024-02-29T10:00:60Z',
    '2024-02-29T10:00:00.Z',
    '2024-02-29T10:00:00 Z',
    '2024-02-29  10:00:00',
    '2024-02-29t10:00:00Z',
    '2024-02-29Z',
    '2024-02-29T10:00:00+1',
    ' 2024-02-29',
    '2024-02-29 ',
    '1709164800',
  ])('%j is none', (text) => expect(parseInstant(text)).toBeUndefined());
});

describe('durations', () => {
  it('knows every unit, singular and plural', () => {
    expect(parseDuration('1 second')).toBe(1_000_000n);
    expect(parseDuration('90 minutes')).toBe(5_400_000_000n);
    expect(parseDuration('24 hours')).toBe(parseDuration('1 day'));
    expect(parseDuration('2 weeks')).toBe(parseDuration('14 days'));
  });

  it.each(['', 'day', '1.5 days', '-1 day', '1 month', '1  day'])('%j is none', (text) => {
    expect(() => parseDuration(text)).toThrow('not a duration');
  });
});
