/** What of Spark's dialect needs no Spark: names, literals, and that runs are refused. What its SQL means: tests/spark. */
import { describe, expect, it } from 'vitest';

import * as ir from '../../../compiler/ir/build.js';
import { spark } from '../../../dialects/spark/dialect.js';
import { loadProject } from '../../../models/index.js';
import { inMemory } from '../../support/in-memory.js';

describe('Spark', () => {
  it.each([
    ['plain', 'plain'],
    ['Order', '`Order`'],
    ['a`b', '`a``b`'],
    ["it's; --\n", "`it's; --\n`"],
    ['é', '`é`'],
  ])('the name %j is %s', (name, sql) => {
    expect(spark.quoteIdentifier(name)).toBe(sql);
  });

  it.each([
    ["it's", String.raw`'it\'s'`],
    ['\\', String.raw`'\\'`],
    ["\\'; drop", String.raw`'\\\'; drop'`],
    ['\0', String.raw`'\u0000'`],
    ['${x} %s ?', "'${x} %s ?'"],
  ])('the text %j is %s', (value, sql) => {
    expect(spark.literal({ type: 'text', value })).toBe(sql);
  });

  it.each([
    ['decimal(18,0)', 'decimal'],
    ['decimal(38,10)', 'wide_decimal'],
    ['varchar(20)', 'text'],
    ['timestamp', 'timestamp'],
    ['timestamp_ntz', 'timestamptz'],
    ['variant', 'json'],
    ['array<string>', 'other'],
  ])('a column of %s is %s', (type, kind) => {
    expect(spark.columnKind(type)).toBe(kind);
  });

  it('refuses the steps of a run', () => {
    const rows = ir.oneRow([ir.as('x', ir.int(1))]);
    expect(spark.select(rows, {})).toContain('from (values (1L)) as');
    expect(() => spark.statements({ op: 'create', table: { name: 't' }, query: rows } as never, {})).toThrow(
      /computes SELECTs only/,
    );
  });

  it('is no type of target', async () => {
    const config = { name: 'x', target: 'dev', targets: { dev: { type: 'spark' } }, sources: [] };
    const fs = inMemory(new Map([['/case/rollcall.json', config]]));
    const { diagnostics } = await loadProject({ dir: '/case', env: {}, fs });
    expect(diagnostics.map(({ code, message }) => [code, message])).toContainEqual([
      'invalid-value',
      '"spark" is not a target type',
    ]);
  });
});
