/** Statement templates: what a step of a program is in BigQuery. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { Column, Expr, Project, Relation, TableRef } from '../../compiler/ir/types.js';
import type { Step, StepOp, TableSpec } from '../../compiler/program/types.js';
import type { Sql, Statement } from '../dialect.js';
import { bigqueryType, quoteIdentifier } from './types.js';

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

const TEMPLATES: Templates = {
  ensure_schema: ({ schema }) => safe(`create schema if not exists ${quoteIdentifier(schema)}`),

  ensure_table: ({ spec }) => {
    const columns = spec.columns.map(({ name, type }) => `  ${quoteIdentifier(name)} ${bigqueryType(type)}`);
    return safe(
      `create ${tableKind(spec)} if not exists ${table(spec.table)} (\n${columns.join(',\n')}\n)${storage(spec)}`,
    );
  },

  replace: ({ spec, query }, select) => {
    const rows = select(conformed(spec.columns, query));
    return safe(`create or replace ${tableKind(spec)} ${table(spec.table)}${storage(spec)} as\n${rows}`);
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
    if (!query) return safe(`delete from ${table(target)} where true`);
    if (!keys || keys.length === 0) throw new CompilerBug('a delete by query needs keys');
    const on = keys.map((key) => `t.${quoteIdentifier(key)} = s.${quoteIdentifier(key)}`).join(' and ');
    // Several rows of the query may equal one of the table, which a MERGE would refuse.
    const partners = `select 1 from (${subquery(select(query))}) as s where ${on}`;
    return safe(`delete from ${table(target)} as t\nwhere exists (${partners})`);
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
  return spec.temporary ? 'temp table' : 'table';
}

const MOST_CLUSTERED = 4;

/**
 * Partitions and clusters of what is kept and has an order. Partitions are months: a table has at most 10,000 of them and
 * a statement may write 4,000, which days of eleven years exceed.
 */
function storage({ columns, clusterBy, temporary }: TableSpec): Sql {
  if (temporary || !clusterBy || clusterBy.length === 0) return '';
  const timed = columns.some(({ name, type }) => name === 'timestamp' && type === 'timestamp');
  const partition = timed ? '\npartition by timestamp_trunc(timestamp, month)' : '';
  return `${partition}\ncluster by ${list(clusterBy.slice(0, MOST_CLUSTERED))}`;
}

/** The query's columns in the table's order; numbers are cast, as an integer expression may stand for a decimal. */
function conformed(columns: readonly Column[], query: Relation): Project {
  const exprs = columns.map(({ name, type }) => {
    const column: Expr = { kind: 'col', name, type };
    const typed = type === 'int' || type === 'number';
    return { name, expr: typed ? ({ kind: 'cast', expr: column, type } as const) : column };
  });
  return { kind: 'project', input: query, exprs, columns };
}
