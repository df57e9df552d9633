/** Statement templates: what a step of a program is in DuckDB. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { Column, Expr, Project, Relation, TableRef } from '../../compiler/ir/types.js';
import type { Step, StepOp, TableSpec } from '../../compiler/program/types.js';
import type { Sql, Statement } from '../dialect.js';
import { duckdbType, quoteIdentifier } from './types.js';

type Select = (query: Relation) => Sql;
type Templates = {
  readonly [Op in StepOp['op']]: (step: Extract<StepOp, { op: Op }>, select: Select) => Statement;
};

const safe = (sql: Sql): Statement => ({ sql, retry: 'safe' });
const unsafe = (sql: Sql): Statement => ({ sql, retry: 'unsafe' });

const table = ({ catalog, schema, name }: TableRef): Sql =>
  [catalog, schema, name]
    .filter((part) => part !== undefined)
    .map(quoteIdentifier)
    .join('.');

const list = (names: readonly string[]): Sql => names.map(quoteIdentifier).join(', ');

/** Methods tried alone: by itself DuckDB tries all of them on every column of every row group. */
const COMPRESSION = { repeating: 'dictionary', unique: 'fsst' } as const;

const TEMPLATES: Templates = {
  ensure_schema: ({ schema }) => safe(`create schema if not exists ${quoteIdentifier(schema)}`),

  ensure_table: ({ spec }) => {
    const columns = spec.columns.map(({ name, type }) => {
      const texts = spec.texts?.[name];
      const stored = texts ? ` using compression ${COMPRESSION[texts]}` : '';
      return `  ${quoteIdentifier(name)} ${duckdbType(type)}${stored}`;
    });
    return safe(`create ${tableKind(spec)} if not exists ${table(spec.table)} (\n${columns.join(',\n')}\n)`);
  },

  replace: ({ spec, query }, select) => {
    const order = spec.clusterBy ? `\norder by ${list(spec.clusterBy)}` : '';
    const rows = select(conformed(spec.columns, query));
    return safe(`create or replace ${tableKind(spec)} ${table(spec.table)} as\n${rows}${order}`);
  },

  append: (step, select) =>
    (step.temporary ? safe : unsafe)(
      `insert into ${table(step.table)} (${list(step.query.columns.map((c) => c.name))})\n${select(step.query)}`,
    ),

  merge: ({ table: target, query, keys, set, insert }, select) => {
    const on = keys.map((key) => `t.${quoteIdentifier(key)} = s.${quoteIdentifier(key)}`).join(' and ');
    const assignments = set.map((name) => `${quoteIdentifier(name)} = s.${quoteIdentifier(name)}`);
    const names = query.columns.map((c) => c.name);
    const update = set.length > 0 ? `\nwhen matched then update set ${assignments.join(', ')}` : '';
    const values = names.map((name) => `s.${quoteIdentifier(name)}`).join(', ');
    const add = insert ? `\nwhen not matched then insert (${list(names)}) values (${values})` : '';
    if (update === '' && add === '') throw new CompilerBug('a merge that changes nothing');
    return safe(
      `merge into ${table(target)} as t\nusing (${subquery(select(query))}) as s\non ${on}${update}${add}`,
    );
  },

  delete: ({ table: target, query, keys }, select) => {
    if (!query) return safe(`delete from ${table(target)}`);
    if (!keys || keys.length === 0) throw new CompilerBug('a delete by query needs keys');
    const on = keys.map((key) => `t.${quoteIdentifier(key)} = s.${quoteIdentifier(key)}`).join(' and ');
    return safe(`delete from ${table(target)} as t\nusing (${subquery(select(query))}) as s\nwhere ${on}`);
  },

  view: ({ view, query }, select) => safe(`create or replace view ${table(view)} as\n${select(query)}`),

  drop: (step) => safe(`drop ${step.object} if exists ${table(step.table)}`),

  read: ({ query }, select) => safe(select(query)),
};

/** The statement of a step. */
export function statementOf(step: Step, select: Select): Statement {
  return (TEMPLATES[step.op] as (s: StepOp, q: Select) => Statement)(step, select);
}

/** Literals may hold line breaks, so the lines of a subquery stay where they are. */
const subquery = (sql: Sql): Sql => `\n${sql}\n`;

function tableKind(spec: TableSpec): Sql {
  if (spec.temporary && spec.table.schema !== undefined) {
    throw new CompilerBug(`temporary table ${spec.table.name} in a schema`);
  }
  return spec.temporary ? 'temporary table' : 'table';
}

/** The query's columns in the table's order; numbers are cast, as the engine would pick narrower types. */
function conformed(columns: readonly Column[], query: Relation): Project {
  const exprs = columns.map(({ name, type }) => {
    const column: Expr = { kind: 'col', name, type };
    const typed = type === 'int' || type === 'number';
    return { name, expr: typed ? ({ kind: 'cast', expr: column, type } as const) : column };
  });
  return { kind: 'project', input: query, exprs, columns };
}
