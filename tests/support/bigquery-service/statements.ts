/** What a statement does, by its text: of the statements that the product writes for BigQuery, and a few by hand. */
import type { CatalogColumn } from '../zetasql/server.js';
import { between } from '../zetasql/rows.js';
import type { SqlType } from '../zetasql/values.js';

/** A key is a table's dataset and name, or the name of a temporary one. */
export type Said =
  | { readonly op: 'begin' | 'commit' | 'rollback' }
  | { readonly op: 'query' }
  | { readonly op: 'abort'; readonly session: string | undefined }
  | { readonly op: 'schema'; readonly schema: string }
  | { readonly op: 'drop schema'; readonly schema: string }
  | { readonly op: 'table'; readonly key: string; readonly columns: readonly CatalogColumn[] }
  | { readonly op: 'replace' | 'view'; readonly key: string; readonly query: string }
  | { readonly op: 'drop'; readonly key: string }
  | {
      readonly op: 'append';
      readonly key: string;
      readonly columns: readonly string[];
      readonly query: string;
    }
  | {
      readonly op: 'merge';
      readonly key: string;
      readonly query: string;
      readonly keys: readonly string[];
      readonly set: readonly string[];
      readonly insert: boolean;
    }
  | {
      readonly op: 'delete';
      readonly key: string;
      /** Absent: all rows. */
      readonly query?: string;
      readonly keys: readonly string[];
    };

const PART = '(?:`[^`]+`|[\\w-]+)';
const NAME = `(${PART}(?:\\.${PART})*)`;
const plain = (name: string): string => name.replaceAll('`', '');

const FORMS: readonly (readonly [RegExp, (found: readonly string[], sql: string) => Said])[] = [
  [/^begin transaction$/, () => ({ op: 'begin' })],
  [/^commit transaction$/, () => ({ op: 'commit' })],
  [/^rollback transaction$/, () => ({ op: 'rollback' })],
  [/^call bq\.abort_session\((?:'([^']*)')?\)$/, ([session]) => ({ op: 'abort', session })],
  [form(`create schema if not exists ${NAME}`), ([name = '']) => ({ op: 'schema', schema: plain(name) })],
  [form(`drop schema if exists ${NAME} cascade`), ([name = '']) => ({ op: 'drop schema', schema: plain(name) })],
  [
    form(`create (?:temporary )?table if not exists ${NAME} \\(([^)]*)\\)`),
    ([name = '', columns = '']) => ({ op: 'table', key: plain(name), columns: columns.split(',').map(columnOf) }),
  ],
  [
    form(`create or replace (?:temporary )?table ${NAME}`),
    ([name = ''], sql) => ({ op: 'replace', key: plain(name), query: bodyOf(sql) }),
  ],
  [form(`create or replace view ${NAME}`), ([name = ''], sql) => ({ op: 'view', key: plain(name), query: bodyOf(sql) })],
  [form(`drop (?:table|view) if exists ${NAME}`), ([name = '']) => ({ op: 'drop', key: plain(name) })],
  [
    form(`insert into ${NAME} \\(([^)]*)\\)\\s([^]*)`),
    ([name = '', columns = '', query = '']) => ({
      op: 'append',
      key: plain(name),
      columns: columns.split(',').map((one) => plain(one.trim())),
      query,
    }),
  ],
  [form(`merge into ${NAME} as t`), ([name = ''], sql) => mergeOf(plain(name), sql)],
  [form(`delete from ${NAME} where true`), ([name = '']) => ({ op: 'delete', key: plain(name), keys: [] })],
  [
    form(`delete from ${NAME} as t`),
    ([name = ''], sql) => ({
      op: 'delete',
      key: plain(name),
      query: between(sql, 'select 1 from (\n', '\n) as s where '),
      keys: keysOf(sql.slice(sql.lastIndexOf('\n) as s where '))),
    }),
  ],
]; // prettier-ignore

/** Reads a statement; what is none of the forms is a query. */
export function read(sql: string): Said {
  for (const [pattern, said] of FORMS) {
    const found = pattern.exec(sql);
    if (found) return said(found.slice(1), sql);
  }
  return { op: 'query' };
}

function form(pattern: string): RegExp {
  return new RegExp(`^${pattern}`);
}

const bodyOf = (sql: string): string => sql.slice(sql.indexOf(' as\n') + 4);

function columnOf(text: string): CatalogColumn {
  const [name = '', type = ''] = text.trim().split(' ');
  return { name: plain(name), type: type.toUpperCase() as SqlType };
}

const keysOf = (text: string): readonly string[] =>
  [...text.matchAll(new RegExp(`t\\.(${PART}) = s\\.`, 'g'))].map(([, name = '']) => plain(name));

function mergeOf(key: string, sql: string): Said {
  const [on = '', ...clauses] = sql.slice(sql.lastIndexOf('\n) as s\non ') + 1).split('\nwhen ');
  const update = clauses.find((clause) => clause.startsWith('matched')) ?? '';
  return {
    op: 'merge',
    key,
    query: between(sql, 'using (\n', '\n) as s\non '),
    keys: keysOf(on),
    set: [...update.matchAll(new RegExp(`(${PART}) = s\\.`, 'g'))].map(([, name = '']) => plain(name)),
    insert: clauses.some((clause) => clause.startsWith('not matched')),
  };
}
