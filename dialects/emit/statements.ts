/** Statement templates that most engines share: what a step of a program is. An engine spreads these and overrides. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { Column, Expr, Project, Relation, ScalarType, TableRef } from '../../compiler/ir/types.js';
import type { Step, StepOp, TableSpec } from '../../compiler/program/types.js';
import type { Sql, Statement } from '../dialect.js';

/** SQL of a relation. */
export type Select = (query: Relation) => Sql;

/** The statements of a step, in order; a total table of the steps there are. */
export type Templates = {
  readonly [Op in StepOp['op']]: (step: Extract<StepOp, { op: Op }>, select: Select) => readonly Statement[];
};

/** Statements that do no harm when they are made again. */
export const safe = (...statements: readonly Sql[]): readonly Statement[] =>
  statements.map((sql) => ({ sql, retry: 'safe' }));

const unsafe = (sql: Sql): readonly Statement[] => [{ sql, retry: 'unsafe' }];

/** Names, lists and clauses in an engine's quotes. */
export interface Clauses {
  readonly table: (ref: TableRef) => Sql;
  readonly list: (names: readonly string[]) => Sql;
  /** `name type`, a line each; `type` says what stands after the name. */
  readonly columns: (spec: TableSpec, type: (type: ScalarType, name: string) => Sql) => Sql;
  /** `order by` of a table that has an order, on a line of its own. */
  readonly order: (spec: TableSpec) => Sql;
  /** Rows of `t` and `s` that are equal on keys. */
  readonly onKeys: (keys: readonly string[]) => Sql;
}

/** The clauses of an engine that quotes names so. */
export function clausesOf(quote: (name: string) => Sql): Clauses {
  const list = (names: readonly string[]): Sql => names.map(quote).join(', ');
  return {
    list,
    table: ({ catalog, schema, name }) =>
      [catalog, schema, name]
        .filter((part) => part !== undefined)
        .map(quote)
        .join('.'),
    columns: (spec, type) =>
      `(\n${spec.columns.map((x) => `  ${quote(x.name)} ${type(x.type, x.name)}`).join(',\n')}\n)`,
    order: ({ clusterBy }) => (clusterBy ? `\norder by ${list(clusterBy)}` : ''),
    onKeys: (keys) => keys.map((key) => `t.${quote(key)} = s.${quote(key)}`).join(' and '),
  };
}

type Standard = Pick<Templates, 'ensure_schema' | 'append' | 'merge' | 'delete' | 'views' | 'drop' | 'read'>;

/** Several statements as one, in an engine that takes scripts. */
export type Script = (statements: readonly Sql[]) => Sql;

/** One after the other in one text. */
export const together: Script = (statements) => statements.join(';\n');

/**
 * The templates that are the same wherever there is a MERGE and a DELETE … USING.
 *
 * @param script of definitions of views; where there is none, each is a statement
 */
export function standardStatements(quote: (name: string) => Sql, script?: Script): Standard {
  const { table, list, onKeys } = clausesOf(quote);
  return {
    ensure_schema: ({ schema }) => safe(`create schema if not exists ${quote(schema)}`),

    // Of a temporary table too: where a connection is a series of requests, the table outlives an answer that was lost.
    append: (step, select) =>
      unsafe(
        `insert into ${table(step.table)} (${list(step.query.columns.map((c) => c.name))})\n${select(step.query)}`,
      ),

    merge: ({ table: target, query, keys, set, insert }, select) => {
      const assignments = set.map((name) => `${quote(name)} = s.${quote(name)}`);
      const names = query.columns.map((c) => c.name);
      const update = set.length > 0 ? `\nwhen matched then update set ${assignments.join(', ')}` : '';
      const values = names.map((name) => `s.${quote(name)}`).join(', ');
      const add = insert ? `\nwhen not matched then insert (${list(names)}) values (${values})` : '';
      if (update === '' && add === '') throw new CompilerBug('a merge that changes nothing');
      const rows = subquery(select(query));
      return safe(`merge into ${table(target)} as t\nusing ${rows} as s\non ${onKeys(keys)}${update}${add}`);
    },

    delete: ({ table: target, query, keys }, select) => {
      if (!query) return safe(`delete from ${table(target)}`);
      const rows = subquery(select(query));
      return safe(`delete from ${table(target)} as t\nusing ${rows} as s\nwhere ${onKeys(deleteKeys(keys))}`);
    },

    views: ({ views }, select) => {
      const made = views.map(
        ({ view, query }) => `create or replace view ${table(view)} as\n${select(query)}`,
      );
      return safe(...(script && made.length > 1 ? [script(made)] : made));
    },

    drop: (step) => safe(`drop ${step.object} if exists ${table(step.table)}`),

    read: ({ query }, select) => safe(select(query)),
  };
}

/** The statements of a step by an engine's templates. */
export const statementsOf = (templates: Templates, step: Step, select: Select): readonly Statement[] =>
  (templates[step.op] as (s: StepOp, q: Select) => readonly Statement[])(step, select);

/** A query in parentheses. Literals may hold line breaks, so its lines stay where they are. */
export const subquery = (sql: Sql): Sql => `(\n${sql}\n)`;

/** The keys of a delete by query, which without any would delete everything. */
export function deleteKeys(keys: readonly string[] | undefined): readonly string[] {
  if (!keys || keys.length === 0) throw new CompilerBug('a delete by query needs keys');
  return keys;
}

/** `table` or `temporary table`. */
export function tableKind(spec: TableSpec): Sql {
  if (spec.temporary && spec.table.schema !== undefined) {
    throw new CompilerBug(`temporary table ${spec.table.name} in a schema`);
  }
  return spec.temporary ? 'temporary table' : 'table';
}

/** The query's columns in the table's order; numbers are cast, as an engine would take the type of the expression. */
export function conformed(columns: readonly Column[], query: Relation): Project {
  const exprs = columns.map(({ name, type }) => {
    const column: Expr = { kind: 'col', name, type };
    const typed = type === 'int' || type === 'number';
    return { name, expr: typed ? ({ kind: 'cast', expr: column, type } as const) : column };
  });
  return { kind: 'project', input: query, exprs, columns };
}
