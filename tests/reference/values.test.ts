import { describe, expect, it } from 'vitest';

import { divideHalfAway, formatDecimal, parseDecimal } from './decimal.js';
import { mentionAt, parsePath, readPath } from './paths.js';
import { compareTexts, jsonTextOf, numberOf, textOf } from './values.js';

const decimalText = (text: string): string | undefined => {
  const scaled = parseDecimal(text);
  return scaled === undefined ? undefined : formatDecimal(scaled);
};

describe('decimals', () => {
  it.each([
    ['1', '1'],
    ['1.0', '1'],
    ['-0', '0'],
    ['+1.50', '1.5'],
    ['007', '7'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['1e3', '1000'],
    ['12.5E-1', '1.25'],
    ['0.0000000005', '0.000000001'],
    ['-0.0000000005', '-0.000000001'],
    ['0.00000000049999', '0'],
    ['1.0000000004', '1'],
    ['9999999999999999999999999999.9999999995', '10000000000000000000000000000'],
    ['99999999999999999999999999999.999999999', '99999999999999999999999999999.999999999'],
    ['0e999999999999', '0'],
    ['1e-999999999999', '0'],
  ])('%s is %s', (text, expected) => expect(decimalText(text)).toBe(expected));

  it.each([
    '100000000000000000000000000000',
    '99999999999999999999999999999.9999999995',
    '-1e29',
    '1e999999999999',
  ])('%s is out of range', (text) => expect(parseDecimal(text)).toBeUndefined());

  it.each(['', ' 1', '1 ', '1_000', '0x10', 'NaN', 'Infinity', '1,5', '--1', 'e5', '.', '1e', '1e1.5', '١'])(
    '%j is no number',
    (text) => expect(parseDecimal(text)).toBeUndefined(),
  );

  it('divides half away from zero', () => {
    expect(divideHalfAway(5n, 2n)).toBe(3n);
    expect(divideHalfAway(-5n, 2n)).toBe(-3n);
    expect(divideHalfAway(4n, 3n)).toBe(1n);
    expect(divideHalfAway(-4n, 3n)).toBe(-1n);
  });
});

describe('texts', () => {
  it.each([
    [true, 'true'],
    [1.5, '1.5'],
    [1e21, '1000000000000000000000'],
    [1.5e30, '1500000000000000000000000000000'],
    [-1e-7, '-0.0000001'],
    [0.1 + 0.2, '0.3'],
    ['', ''],
    [[1, 'a', null], '[1,"a",null]'],
    [{ a: { b: '"' } }, '{"a":{"b":"\\""}}'],
  ])('%j reads as %s', (value, expected) => expect(textOf(value)).toBe(expected));

  it('has no text for null', () => expect(textOf(null)).toBeUndefined());

  it('quotes only in JSON text', () => expect(jsonTextOf('a"b')).toBe('"a\\"b"'));

  it('orders by code point, not by UTF-16 unit', () => {
    expect('😀' < '\uFFFD').toBe(true);
    expect(compareTexts('😀', '\uFFFD')).toBeGreaterThan(0);
    expect(['b', 'a', 'B', 'é', 'z', '', 'aa'].sort(compareTexts)).toEqual([
      '',
      'B',
      'a',
      'aa',
      'b',
      'z',
      'é',
    ]);
  });

  it('takes no boolean for a number', () => {
    expect(numberOf(true)).toBeUndefined();
    expect(numberOf('true')).toBeUndefined();
  });
});

describe('paths', () => {
  it.each([
    ['a.b', ['a', 'b']],
    ['a\\.b', ['a.b']],
    ['a\\b', ['a\\b']],
    ['a\\\\.b', ['a\\.b']],
    ['a\\', ['a\\']],
  ])('%s has the steps %j', (path, steps) => expect(parsePath(path)).toEqual(steps));

  it('enters arrays by $ only', () => {
    const root = { items: [{ id: 1 }, { id: 2 }, 'x'] };
    expect(readPath(root, 'items.$.id')).toEqual([1, 2, undefined]);
    expect(readPath(root, 'items.0.id')).toEqual([undefined]);
    expect(readPath(root, 'items.length')).toEqual([undefined]);
    expect(readPath(root, 'items.id.$')).toEqual([]);
  });

  it('knows no inherited key', () => {
    expect(readPath({}, 'constructor')).toEqual([undefined]);
    expect(readPath(JSON.parse('{"__proto__":1}'), '__proto__')).toEqual([1]);
  });

  it('tells a removal from no mention', () => {
    const steps = ['address', 'city'];
    expect(mentionAt({ address: { city: 'Berlin' } }, steps)).toEqual({ value: 'Berlin' });
    expect(mentionAt({ address: { city: null } }, steps)).toEqual({ value: null });
    expect(mentionAt({ address: null }, steps)).toEqual({ value: null });
    expect(mentionAt({ address: {} }, steps)).toBeUndefined();
    expect(mentionAt({ address: 'Berlin' }, steps)).toBeUndefined();
    expect(mentionAt({}, steps)).toBeUndefined();
    expect(mentionAt(null, steps)).toBeUndefined();
  });
});
