/** What counts as one SELECT, and what is left of a query: tokens decide, quotes and comments do not. */
import { describe, expect, it } from 'vitest';

import { readStatement } from '../../compiler/sql/statement.js';
import { expandTemplate } from '../../macros/index.js';

function read(sql: string) {
  const template = { text: sql };
  const { parts, problems } = expandTemplate(template, { macros: [], vars: { x: 'x' } });
  expect(problems).toEqual([]);
  const statement = readStatement(parts, { template, start: 0, end: 1 });
  const text = statement.parts.map((part) => (part.kind === 'text' ? part.text : '?')).join('');
  return { text, problems: statement.problems.map(({ message, at }) => `${at.start} ${message}`) };
}

describe('taken as it is', () => {
  it.each([
    'select 1',
    ' \n(select 1)',
    'SELECT "insert", `drop`, update from t where set = 1 and load > 2',
    `select 'it''s; drop table x -- no comment /* none */', "a;""b", e'\\'; delete', $$ ; $a$ $$, $a$ ; $$ $a$`,
    'with a as (select 1), b(x, y) as (values (1, 2)) select * from a, b',
    'with recursive a(n) as materialized (select 1 union all (select n + 1 from a)), "b" as not materialized ((select 1)) (select * from a)',
    'with a as (with b as (select 1) select * from b) select (select max(load) from a) from a',
    'select cast(x as decimal(10, 2)) as y, sum(z) over w from t window w as (partition by x order by y)',
    'select a.into, $1 from t',
  ])('%s', (sql) => {
    // A column called into needs its quotes.
    const fine = sql.includes('.into') ? ['9 the query writes: SELECT … INTO makes a table'] : [];
    expect(read(sql)).toEqual({ text: sql, problems: fine });
  });
});

describe('left out', () => {
  it.each([
    ['select 1;', 'select 1'],
    ['select 1 ; ; -- end', 'select 1    '],
    ['select -- one\n 1', 'select  \n 1'],
    ['select /* a /* b */ c */ 1', 'select   1'],
    ['select {{var "x"}} /* {{var "x"}} */ -- {{as_of}}', 'select ?    '],
  ])('%s', (sql, text) => {
    expect(read(sql)).toEqual({ text, problems: [] });
  });
});

describe('refused', () => {
  it.each([
    ['', '0 the query is empty'],
    [' ; ', '0 the query is empty'],
    ['values (1)', '0 the query is no SELECT: it has VALUES'],
    ['from t', '0 the query is no SELECT: it has FROM'],
    ['{{var "x"}} select', '0 the query does not begin with SELECT or WITH'],
    ['select 1; select 2', '10 the query goes on after its end'],
    ['/* x */ delete from t', '8 the query is no SELECT: it has DELETE'],
    ['with a as (insert into t values (1) returning 1) select 1', '11 the query is no SELECT: it has INSERT'],
    ['with a as ((update t set x = 1)) select 1', '12 the query is no SELECT: it has UPDATE'],
    ['with a as (select 1) delete from t', '21 the query is no SELECT: it has DELETE'],
    ['with a as (select 1), b as (select 2) merge into t using a', '38 the query is no SELECT: it has MERGE'],
    ['with a as (select 1)', '0 the query has a WITH and no SELECT after it'],
    ['select * into t from u', '9 the query writes: SELECT … INTO makes a table'],
    [`select 'a{{var "x"}}'`, '9 a macro cannot stand in quotes'],
    [`select "{{var "x"}}"`, '8 a macro cannot stand in quotes'],
    ['select $q${{var "x"}}$q$', '10 a macro cannot stand in quotes'],
    [`select 'a`, '7 the quote is not closed'],
    ['select $q$ a', '7 the quote is not closed'],
    ['select 1 /* a /* b */', '9 the comment is not closed'],
  ])('%s', (sql, problem) => {
    const { problems } = read(sql);
    expect(problems).toEqual([problem]);
  });
});
