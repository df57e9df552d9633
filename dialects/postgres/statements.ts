/** Statement templates: what a step of a program is in PostgreSQL 15 and newer. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import { topDown } from '../../compiler/ir/relations.js';
import type { Expr, Relation, TableRef } from '../../compiler/ir/types.js';
import type { Step, StepOp, TableSpec } from '../../compiler/program/types.js';
import type { Sql, Statement } from '../dialect.js';
import { columnType, fittedName, postgresType, quoteIdentifier, quoteText } from './types.js';

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

const columnLines = (spec: TableSpec): Sql =>
  spec.columns.map(({ name, type }) => `  ${quoteIdentifier(name)} ${columnType(type)}`).join(',\n');

/** Several statements in one message are one transaction. */
const together = (...statements: readonly Sql[]): Sql => statements.join(';\n');

const TEMPLATES: Templates = {
  // IF NOT EXISTS alone wants the right to create schemas even where there is one already.
  ensure_schema: ({ schema }) =>
    safe(`do $rollcall$ begin
  if not exists (select 1 from pg_catalog.pg_namespace where nspname = ${quoteText(fittedName(schema))}) then
    create schema if not exists ${quoteIdentifier(schema)};
  end if;
end $rollcall$`),

  ensure_table: ({ spec }) =>
    safe(`create ${tableKind(spec)} if not exists ${table(spec.table)} (\n${columnLines(spec)}\n)`),

  replace: (step, select) =>
    safe(together(...(step.spec.temporary ? temporaryRows : lastingRows)(step, select))),

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
      `merge into ${table(target)} as t\nusing (\n${select(query)}\n) as s\non ${on}${update}${add}`,
    );
  },

  delete: ({ table: target, query, keys }, select) => {
    if (!query) return safe(`delete from ${table(target)}`);
    if (!keys || keys.length === 0) throw new CompilerBug('a delete by query needs keys');
    const on = keys.map((key) => `t.${quoteIdentifier(key)} = s.${quoteIdentifier(key)}`).join(' and ');
    return safe(`delete from ${table(target)} as t\nusing (\n${select(query)}\n) as s\nwhere ${on}`);
  },

  view: ({ view, query }, select) => safe(`create or replace view ${table(view)} as\n${select(query)}`),

  drop: (step) => safe(`drop ${step.object} if exists ${table(step.table)}`),

  read: ({ query }, select) => safe(select(query)),
};

/** The statement of a step. */
export function statementOf(step: Step, select: Select): Statement {
  return (TEMPLATES[step.op] as (s: StepOp, q: Select) => Statement)(step, select);
}

function tableKind(spec: TableSpec): Sql {
  if (spec.temporary && spec.table.schema !== undefined) {
    throw new CompilerBug(`temporary table ${spec.table.name} in a schema`);
  }
  return spec.temporary ? 'temporary table' : 'table';
}

/** What a table is to hold next, while it still holds what that is made of. */
const NEXT = 'rollcall_next';

type Replace = Extract<StepOp, { op: 'replace' }>;

const readsItself = ({ spec, query }: Replace): boolean =>
  topDown(query).some((r) => r.kind === 'scan' && table(r.table) === table(spec.table));

/**
 * Made of the rows, so that columns of raw tables keep their own types on their way through. Nobody but us looks at a
 * temporary table: without ANALYZE the planner would know nothing of it.
 */
function temporaryRows(step: Replace, select: Select): readonly Sql[] {
  const { spec, query } = step;
  const name = table(spec.table);
  const made = (as: Sql): readonly Sql[] => [
    `drop table if exists pg_temp.${as}`,
    `create ${tableKind(spec)} ${as} as\n${select(conformed(spec, query))}`,
  ];
  const renamed = [`drop table pg_temp.${name}`, `alter table pg_temp.${NEXT} rename to ${name}`];
  return [...(readsItself(step) ? [...made(NEXT), ...renamed] : made(name)), `analyze pg_temp.${name}`];
}

/** Not CREATE TABLE AS: its texts would have the collation of whatever they are made of. */
function lastingRows(step: Replace, select: Select): readonly Sql[] {
  const { spec, query } = step;
  const name = table(spec.table);
  const names = list(spec.columns.map((c) => c.name));
  const order = spec.clusterBy ? `\norder by ${list(spec.clusterBy)}` : '';
  const rows = `${select(conformed(spec, query))}${order}`;
  const into = `insert into ${name} (${names})\n`;
  if (!readsItself(step)) return [emptiedOrMade(spec, name), `${into}${rows}`];
  return [
    `drop table if exists pg_temp.${NEXT}`,
    `create temporary table ${NEXT} as\n${rows}`,
    emptiedOrMade(spec, name),
    `${into}select ${names} from pg_temp.${NEXT}`,
    `drop table pg_temp.${NEXT}`,
  ];
}

/**
 * Views read the table and would go with it: one that has these columns already is emptied instead. Not by TRUNCATE,
 * which readers would wait for, and those with an older snapshot see.
 */
function emptiedOrMade(spec: TableSpec, name: Sql): Sql {
  const wanted = spec.columns.map((c) =>
    quoteText(`${fittedName(c.name)} ${postgresType(c.type).replace(', ', ',')}`),
  );
  return `do $rollcall$ begin
  if array[${wanted.join(', ')}] = (
    select array_agg(attname || ' ' || replace(format_type(atttypid, atttypmod), 'timestamp without time zone', 'timestamp')
      order by attnum)
    from pg_catalog.pg_attribute
    where attrelid = to_regclass(${quoteText(name)}) and attnum > 0 and not attisdropped
  ) then
    delete from ${name};
  else
    drop table if exists ${name};
    create table ${name} (\n${columnLines(spec)}\n);
  end if;
end $rollcall$`;
}

/** The query's columns in the table's order; numbers are cast, as a constant would make a narrower column. */
function conformed({ columns }: TableSpec, input: Relation): Relation {
  const exprs = columns.map(({ name, type }) => {
    const column: Expr = { kind: 'col', name, type };
    const typed = type === 'int' || type === 'number';
    return { name, expr: typed ? ({ kind: 'cast', expr: column, type } as const) : column };
  });
  return { kind: 'project', input, columns, exprs };
}
