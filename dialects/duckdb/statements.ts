/** Statement templates: what a step of a program is in DuckDB. */
import type { Templates } from '../emit/statements.js';
import { clausesOf, conformed, safe, standardStatements, tableKind } from '../emit/statements.js';
import { duckdbType, quoteIdentifier } from './types.js';

const { table, columns, order } = clausesOf(quoteIdentifier);

/** Methods tried alone: by itself DuckDB tries all of them on every column of every row group. */
const COMPRESSION = { repeating: 'dictionary', unique: 'fsst' } as const;

export const TEMPLATES: Templates = {
  ...standardStatements(quoteIdentifier),

  ensure_table: ({ spec }) => {
    const made = columns(spec, (type, name) => {
      const texts = spec.texts?.[name];
      return `${duckdbType(type)}${texts ? ` using compression ${COMPRESSION[texts]}` : ''}`;
    });
    return safe(`create ${tableKind(spec)} if not exists ${table(spec.table)} ${made}`);
  },

  replace: ({ spec, query }, select) => {
    const rows = select(conformed(spec.columns, query));
    return safe(`create or replace ${tableKind(spec)} ${table(spec.table)} as\n${rows}${order(spec)}`);
  },
};
