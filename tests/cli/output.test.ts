import { expect, test } from 'vitest';
import pc from 'picocolors';

import { count, duration, instant, plural, shown, signed, sparkline, table } from '../../cli/output.js';
import { documentText } from '../../cli/document.js';
import { csvLine, rowJson, rowValue } from '../../cli/rows.js';

test('a table has no lines, and numbers stand to the right', () => {
  const columns = [{ title: 'key' }, { title: 'size', align: 'right' as const }];
  expect(
    table(pc.createColors(false), columns, [
      ['a', 12345],
      ['long_key', null],
    ]),
  ).toBe('key         size\na         12,345\nlong_key       –');
});

test('what data holds never drives the terminal', () => {
  expect(shown('a\u001b[31mb')).toBe('a·[31mb');
  expect(table(pc.createColors(false), [{ title: 'x' }], [['a\tb\u0007']])).toContain('a·b·');
});

test('numbers and times', () => {
  expect([count(1234567), plural(1, 'file'), plural(2, 'file')]).toEqual(['1,234,567', '1 file', '2 files']);
  expect([12.4, 1234, 59_990, 200_000].map(duration)).toEqual(['12 ms', '1.2 s', '1 min 0 s', '3 min 20 s']);
  expect([signed(0, '+'), signed(3, '−')]).toEqual(['·', '−3']);
  expect([instant('2017-06-01T00:00:00Z'), instant('2017-06-01T08:30:12.5Z'), instant(null)]).toEqual([
    '2017-06-01 00:00', '2017-06-01 08:30:12', null,
  ]); // prettier-ignore
});

test('a sparkline spans from least to most', () => {
  expect(sparkline([0, 5, 10])).toBe('▁▅█');
  expect(sparkline([7, 7])).toBe('▁▁');
  expect(sparkline([])).toBe('');
});

test('documents keep the digits of numbers that are text', () => {
  const rows = [rowValue({ key: 'a"b', value: '12345678901234567890.123456789', at: null })];
  expect(documentText({ rows, text: '$1 "x"' }, false)).toBe(
    '{"rows":[{"key":"a\\"b","value":12345678901234567890.123456789,"at":null}],"text":"$1 \\"x\\""}',
  );
  expect(documentText({ rows: [rowValue({ value: '[1.50, 1e400, -0]' })], none: [] }, true)).toBe(
    `{
  "rows": [
    {
      "value": [
        1.50,
        1e400,
        -0
      ]
    }
  ],
  "none": []
}`,
  );
});

test('rows keep their digits', () => {
  expect(rowJson({ profile_id: 'a"b', value: '12345678901234567890.123456789', email: null })).toBe(
    '{"profile_id":"a\\"b","value":12345678901234567890.123456789,"email":null}',
  );
  expect(csvLine(['a', null, 'b,"c"\n', true])).toBe('a,,"b,""c""\n",true');
});
