/** Statement templates: what a step of a program is in DuckDB. */
import { topDown } from '../../compiler/ir/relations.js';
import type { Column, Relation, ScalarType, TableRef } from '../../compiler/ir/types.js';
import type { TableSpec } from '../../compiler/program/types.js';
import type { Templates } from '../emit/statements.js';
import { clausesOf, conformed, safe, standardStatements, tableKind, together } from '../emit/statements.js';
import { duckdbType, quoteIdentifier } from './types.js';

const { table, columns, list, order } = clausesOf(quoteIdentifier);

/** Methods tried alone: by itself DuckDB tries all of them on every column of every row group. */
const COMPRESSION = { repeating: 'dictionary', unique: 'fsst' } as const;

/** Decimals of 38 digits take five times as long to unpack as to read. */
const compression = (type: ScalarType, texts: keyof typeof COMPRESSION | undefined): string =>
  type === 'number' ? 'uncompressed' : texts ? COMPRESSION[texts] : '';

const methodOf = (spec: TableSpec, { name, type }: Column): string =>
  spec.temporary ? '' : compression(type, spec.texts?.[name]);

/** Whether the engine may choose how each column is kept. */
const isPlain = (spec: TableSpec): boolean => spec.columns.every((column) => methodOf(spec, column) === '');

/** Columns with their types, and how each is kept. */
const described = (spec: TableSpec): string =>
  columns(spec, (type, name) => {
    const method = methodOf(spec, { name, type });
    return `${duckdbType(type)}${method && ` using compression ${method}`}`;
  });

const standard = standardStatements(quoteIdentifier, together);

const reads = (query: Relation, { schema, name }: TableRef): boolean =>
  topDown(query).some((r) => r.kind === 'scan' && r.table.name === name && r.table.schema === schema);

export const TEMPLATES: Templates = {
  ...standard,

  /** A branch of a union sees what the branches before it put into the table they read, so all rows are found first. */
  append: (step, select) =>
    standard.append(step, (query) => {
      if (!reads(query, step.table)) return select(query);
      const names = query.columns.map((x) => quoteIdentifier(x.name)).join(', ');
      return `with rows_found as materialized (\n${select(query)}\n)\nselect ${names}\nfrom rows_found`;
    }),

  ensure_table: ({ spec }) =>
    safe(`create ${tableKind(spec)} if not exists ${table(spec.table)} ${described(spec)}`),

  replace: ({ spec, query }, select) => {
    const rows = `${select(conformed(spec.columns, query))}${order(spec)}`;
    const create = `create or replace ${tableKind(spec)} ${table(spec.table)}`;
    // A table made of a query has no methods of its own, nor would what is appended to it later. One made of what it holds does
    // without them: it would be empty by the time its second statement reads it.
    if (isPlain(spec) || reads(query, spec.table)) return safe(`${create} as\n${rows}`);
    const names = list(spec.columns.map((x) => x.name));
    // What failed in the process itself did nothing, so the second may be made again after the first.
    return safe(`${create} ${described(spec)}`, `insert into ${table(spec.table)} (${names})\n${rows}`);
  },
};
