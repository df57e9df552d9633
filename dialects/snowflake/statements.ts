/** Statement templates: what a step of a program is in Snowflake. */
import type { TableSpec } from '../../compiler/program/types.js';
import type { Sql } from '../dialect.js';
import type { Templates } from '../emit/statements.js';
import { clausesOf, conformed, safe, standardStatements, tableKind, together } from '../emit/statements.js';
import { columnType, quoteIdentifier, quoteText } from './types.js';

const { table, list, columns, order } = clausesOf(quoteIdentifier);

/** Temporary tables are never worth reclustering, and Snowflake does it to them as to others. */
const clustering = ({ clusterBy, temporary }: TableSpec): Sql =>
  clusterBy && !temporary ? ` cluster by (${list(clusterBy)})` : '';

export const TEMPLATES: Templates = {
  ...standardStatements(
    quoteIdentifier,
    (statements) => `execute immediate ${quoteText(`begin\n${together(statements)};\nend`)}`,
  ),

  // Temporary tables stand in the schema that is in use.
  ensure_schema: ({ schema }) =>
    safe(`create schema if not exists ${quoteIdentifier(schema)}`, `use schema ${quoteIdentifier(schema)}`),

  ensure_table: ({ spec }) => {
    const made = columns(spec, columnType);
    return safe(`create ${tableKind(spec)} if not exists ${table(spec.table)} ${made}${clustering(spec)}`);
  },

  // The columns are written out, as those of a query would keep its collations and widths.
  replace: ({ spec, query }, select) => {
    const rows = select(conformed(spec.columns, query));
    const made = `${table(spec.table)} ${columns(spec, columnType)}${clustering(spec)}`;
    return safe(`create or replace ${tableKind(spec)} ${made} as\n${rows}${order(spec)}`);
  },
};
