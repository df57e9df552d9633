/** Statement templates: what a step of a program is in Snowflake. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { Column, Expr, Project, Relation, TableRef } from '../../compiler/ir/types.js';
import type { Step, StepOp, TableSpec } from '../../compiler/program/types.js';
import type { Sql, Statement } from '../dialect.js';
import { columnType, quoteIdentifier } from './types.js';

type Select = (query: Relation) => Sql;
type Templates = {
  readonly [Op in StepOp['op']]: (step: Extract<StepOp, { op: Op }>, select: Select) => readonly Statement[];
};

const safe = (sql: Sql): Statement => ({ sql, retry: 'safe' });
const unsafe = (sql: Sql): Statement => ({ sql, retry: 'unsafe' });

const table = ({ catalog, schema, name }: TableRef): Sql =>
  [catalog, schema, name]
    .filter((part) => part !== undefined)
    .map(quoteIdentifier)
    .join('.');

const list = (names: readonly string[]): Sql => names.map(quoteIdentifier).join(', ');

const columns = (spec: TableSpec): Sql =>
  `(\n${spec.columns.map(({ name, type }) => `  ${quoteIdentifier(name)} ${columnType(type)}`).join(',\n')}\n)`;

/** Temporary tables are never worth reclustering, and Snowflake does it to them as to others. */
const clustering = ({ clusterBy, temporary }: TableSpec): Sql =>
  clusterBy && !temporary ? ` cluster by (${list(clusterBy)})` : '';

const TEMPLATES: Templates = {
  // Temporary tables stand in the schema that is in use.
  ensure_schema: ({ schema }) => [
    safe(`create schema if not exists ${quoteIdentifier(schema)}`),
    safe(`use schema ${quoteIdentifier(schema)}`),
  ],

  ensure_table: ({ spec }) => [
    safe(`create ${tableKind(spec)} if not exists ${table(spec.table)} ${columns(spec)}${clustering(spec)}`),
  ],

  // The columns are written out, as those of a query would keep its collations and widths.
  replace: ({ spec, query }, select) => {
    const order = spec.clusterBy ? `\norder by ${list(spec.clusterBy)}` : '';
    const rows = select(conformed(spec.columns, query));
    const made = `create or replace ${tableKind(spec)} ${table(spec.table)} ${columns(spec)}${clustering(spec)}`;
    return [safe(`${made} as\n${rows}${order}`)];
  },

  append: (step, select) => [
    (step.temporary ? safe : unsafe)(
      `insert into ${table(step.table)} (${list(step.query.columns.map((c) => c.name))})\n${select(step.query)}`,
    ),
  ],

  merge: ({ table: target, query, keys, set, insert }, select) => {
    const on = keys.map((key) => `t.${quoteIdentifier(key)} = s.${quoteIdentifier(key)}`).join(' and ');
    const assignments = set.map((name) => `${quoteIdentifier(name)} = s.${quoteIdentifier(name)}`);
    const names = query.columns.map((c) => c.name);
    const update = set.length > 0 ? `\nwhen matched then update set ${assignments.join(', ')}` : '';
    const values = names.map((name) => `s.${quoteIdentifier(name)}`).join(', ');
    const add = insert ? `\nwhen not matched then insert (${list(names)}) values (${values})` : '';
    if (update === '' && add === '') throw new CompilerBug('a merge that changes nothing');
    return [
      safe(
        `merge into ${table(target)} as t\nusing (${subquery(select(query))}) as s\non ${on}${update}${add}`,
      ),
    ];
  },

  delete: ({ table: target, query, keys }, select) => {
    if (!query) return [safe(`delete from ${table(target)}`)];
    if (!keys || keys.length === 0) throw new CompilerBug('a delete by query needs keys');
    const on = keys.map((key) => `t.${quoteIdentifier(key)} = s.${quoteIdentifier(key)}`).join(' and ');
    return [safe(`delete from ${table(target)} as t\nusing (${subquery(select(query))}) as s\nwhere ${on}`)];
  },

  view: ({ view, query }, select) => [safe(`create or replace view ${table(view)} as\n${select(query)}`)],

  drop: (step) => [safe(`drop ${step.object} if exists ${table(step.table)}`)],

  read: ({ query }, select) => [safe(select(query))],
};

/** The statements of a step, in order. */
export function statementsOf(step: Step, select: Select): readonly Statement[] {
  return (TEMPLATES[step.op] as (s: StepOp, q: Select) => readonly Statement[])(step, select);
}

/** Literals may hold line breaks, so the lines of a subquery stay where they are. */
const subquery = (sql: Sql): Sql => `\n${sql}\n`;

function tableKind(spec: TableSpec): Sql {
  if (spec.temporary && spec.table.schema !== undefined) {
    throw new CompilerBug(`temporary table ${spec.table.name} in a schema`);
  }
  return spec.temporary ? 'temporary table' : 'table';
}

/** The query's columns in the table's order; numbers are cast, as what does not fit a column is an error. */
function conformed(columns: readonly Column[], query: Relation): Project {
  const exprs = columns.map(({ name, type }) => {
    const column: Expr = { kind: 'col', name, type };
    const typed = type === 'int' || type === 'number';
    return { name, expr: typed ? ({ kind: 'cast', expr: column, type } as const) : column };
  });
  return { kind: 'project', input: query, exprs, columns };
}
