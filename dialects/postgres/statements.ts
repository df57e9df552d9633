/** Statement templates: what a step of a program is in PostgreSQL 15 and newer. */
import { topDown } from '../../compiler/ir/relations.js';
import type { StepOp, TableSpec } from '../../compiler/program/types.js';
import type { Sql } from '../dialect.js';
import type { Select, Templates } from '../emit/statements.js';
import { clausesOf, conformed, safe, standardStatements, tableKind, together } from '../emit/statements.js';
import { columnType, fittedName, postgresType, quoteIdentifier, quoteText } from './types.js';

const { table, list, columns, order } = clausesOf(quoteIdentifier);

export const TEMPLATES: Templates = {
  // Several statements in one message are one transaction.
  ...standardStatements(quoteIdentifier, together),

  // IF NOT EXISTS alone wants the right to create schemas even where there is one already.
  ensure_schema: ({ schema }) =>
    safe(`do $rollcall$ begin
  if not exists (select 1 from pg_catalog.pg_namespace where nspname = ${quoteText(fittedName(schema))}) then
    create schema if not exists ${quoteIdentifier(schema)};
  end if;
end $rollcall$`),

  ensure_table: ({ spec }) =>
    safe(`create ${tableKind(spec)} if not exists ${table(spec.table)} ${columns(spec, columnType)}`),

  replace: (step, select) =>
    safe(together((step.spec.temporary ? temporaryRows : lastingRows)(step, select))),
};

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
    `create ${tableKind(spec)} ${as} as\n${select(conformed(spec.columns, query))}`,
  ];
  const renamed = [`drop table pg_temp.${name}`, `alter table pg_temp.${NEXT} rename to ${name}`];
  return [...(readsItself(step) ? [...made(NEXT), ...renamed] : made(name)), `analyze pg_temp.${name}`];
}

/** Not CREATE TABLE AS: its texts would have the collation of whatever they are made of. */
function lastingRows(step: Replace, select: Select): readonly Sql[] {
  const { spec, query } = step;
  const name = table(spec.table);
  const names = list(spec.columns.map((c) => c.name));
  const rows = `${select(conformed(spec.columns, query))}${order(spec)}`;
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
    create table ${name} ${columns(spec, columnType)};
  end if;
end $rollcall$`;
}
