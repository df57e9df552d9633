/** Statement templates: what a step of a program is in BigQuery. */
import type { TableSpec } from '../../compiler/program/types.js';
import type { Sql } from '../dialect.js';
import type { Templates } from '../emit/statements.js';
import {
  clausesOf,
  conformed,
  deleteKeys,
  safe,
  standardStatements,
  subquery,
  tableKind,
  together,
} from '../emit/statements.js';
import { bigqueryType, quoteIdentifier } from './types.js';

const { table, list, columns, onKeys } = clausesOf(quoteIdentifier);

export const TEMPLATES: Templates = {
  ...standardStatements(quoteIdentifier, together),

  ensure_table: ({ spec }) => {
    const made = columns(spec, bigqueryType);
    return safe(`create ${tableKind(spec)} if not exists ${table(spec.table)} ${made}${storage(spec)}`);
  },

  replace: ({ spec, query }, select) => {
    const rows = select(conformed(spec.columns, query));
    return safe(`create or replace ${tableKind(spec)} ${table(spec.table)}${storage(spec)} as\n${rows}`);
  },

  delete: ({ table: target, query, keys }, select) => {
    if (!query) return safe(`delete from ${table(target)} where true`);
    // Several rows of the query may equal one of the table, which a MERGE would refuse.
    const partners = `select 1 from ${subquery(select(query))} as s where ${onKeys(deleteKeys(keys))}`;
    return safe(`delete from ${table(target)} as t\nwhere exists (${partners})`);
  },
};

const MOST_CLUSTERED = 4;

/**
 * Partitions and clusters of what is kept and has an order. Partitions are months: a table has at most 10,000 of them and
 * a statement may write 4,000, which days of eleven years exceed.
 */
function storage({ columns: all, clusterBy, temporary }: TableSpec): Sql {
  if (temporary || !clusterBy || clusterBy.length === 0) return '';
  const timed = all.some(({ name, type }) => name === 'timestamp' && type === 'timestamp');
  const partition = timed ? '\npartition by timestamp_trunc(timestamp, month)' : '';
  return `${partition}\ncluster by ${list(clusterBy.slice(0, MOST_CLUSTERED))}`;
}
