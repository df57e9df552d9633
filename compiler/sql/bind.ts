/** Queries bound: the tables they name, and what the warehouse says their columns are. */
import type { Part } from '../../macros/index.js';
import type { Definition, Project, Spans, TraitDefinition } from '../../models/definition.js';
import { findTable, listNames, parseTableName, tableText, tablesOf } from '../bind/tables.js';
import type { Catalog, CatalogColumn, CatalogTable } from '../bind/types.js';
import type { Code, Diagnostic } from '../diagnostics/index.js';
import { didYouMean, orList } from '../diagnostics/suggest.js';
import type { TableRef } from '../ir/types.js';
import { isSql, querySpan, readQueries, type SqlQuery } from './read.js';

/** A query whose columns are known. */
export interface BoundQuery {
  readonly query: SqlQuery;
  /** By the names in `{{source …}}`. */
  readonly tables: ReadonlyMap<string, CatalogTable>;
  readonly id: { readonly type: IdType; readonly column: CatalogColumn };
  /** What it publishes, in the order of its columns. */
  readonly outputs: readonly { readonly key: string; readonly column: CatalogColumn }[];
  /** Every column, the id too. */
  readonly columns: readonly CatalogColumn[];
}

export type IdType = 'user_id' | 'anonymous_id' | 'group_id';

/** What may be the id of a row. */
const IDS: Readonly<Record<Definition['of'], readonly IdType[]>> = {
  users: ['user_id', 'anonymous_id'],
  accounts: ['group_id'],
};

export interface BoundQueries {
  /** By key of the definition: every query that could be read, bound or not. */
  readonly read: ReadonlyMap<string, SqlQuery>;
  /** By key of the definition. */
  readonly bound: ReadonlyMap<string, BoundQuery>;
  /** SQL traits whose columns are not known, for one reason or another. */
  readonly unknown: readonly TraitDefinition[];
  readonly diagnostics: readonly Diagnostic[];
}

/** The table a `{{source "web.orders"}}` names: `<source or schema>.<table>`, or a source that is one table. */
function sourceTable(name: string, project: Project): TableRef {
  const ref = parseTableName(name);
  const { sources } = project.config;
  const whole = sources.find((source) => source.name === name && source.table !== undefined);
  if (whole?.table !== undefined) return parseTableName(whole.table);
  const source = ref.catalog === undefined ? sources.find((one) => one.name === ref.schema) : undefined;
  if (source?.schema !== undefined) return { schema: source.schema, name: ref.name };
  if (source?.table !== undefined) {
    const own = parseTableName(source.table);
    if (own.name.toLowerCase() === ref.name.toLowerCase()) return own;
  }
  return ref;
}

/** The tables that queries name, for the runtime to describe. */
export const tablesNamed = (project: Project, spans: Spans): readonly TableRef[] =>
  [...readQueries(project, spans).queries.values()].flatMap(({ parts }) =>
    parts.flatMap((part) => (part.kind === 'source' ? [sourceTable(part.name, project)] : [])),
  );

/** The tables of one query by the names it has for them; those that are not there are told. */
export function queryTables(
  query: SqlQuery,
  project: Project,
  catalog: Catalog,
  spans: Spans,
): { readonly tables: ReadonlyMap<string, CatalogTable>; readonly diagnostics: readonly Diagnostic[] } {
  const tables = new Map<string, CatalogTable>();
  const diagnostics: Diagnostic[] = [];
  for (const part of query.parts) {
    if (part.kind !== 'source' || tables.has(part.name)) continue;
    const wanted = sourceTable(part.name, project);
    const found = findTable(catalog, wanted);
    if (found) tables.set(part.name, found);
    else diagnostics.push({ ...noTable(part.name, wanted, project, catalog), ...placed(query, part, spans) });
  }
  return { tables, diagnostics };
}

function noTable(
  name: string,
  wanted: TableRef,
  project: Project,
  catalog: Catalog,
): Pick<Diagnostic, 'code' | 'severity' | 'message' | 'hint'> {
  const inSchema = tablesOf(catalog, wanted.schema);
  const known = inSchema.map(({ table }) => table.name);
  const sources = project.config.sources.map((source) => source.name);
  const there =
    known.length > 0
      ? `${wanted.schema === undefined ? 'There are' : `Schema ${wanted.schema} has`}: ${listNames(known)}`
      : `${wanted.schema === undefined ? 'There are no tables' : `Schema ${wanted.schema} has no tables`}. Sources there are: ${listNames(sources)}`;
  const hint = known.length > 0 ? didYouMean(wanted.name, known) : didYouMean(wanted.schema ?? name, sources);
  return {
    code: 'missing-table',
    severity: 'error',
    message: `There is no table ${tableText(wanted)}. ${there}`,
    ...(hint !== undefined && { hint }),
  };
}

/** Binds every query of a project to what the catalog says of it. */
export function bindQueries(project: Project, catalog: Catalog, spans: Spans): BoundQueries {
  const read = readQueries(project, spans);
  const diagnostics: Diagnostic[] = [...read.diagnostics];
  const bound = new Map<string, BoundQuery>();
  for (const query of read.queries.values()) {
    const { key } = query.definition;
    const { tables, diagnostics: missing } = queryTables(query, project, catalog, spans);
    diagnostics.push(...missing);
    if (missing.length > 0) continue;
    const described = catalog.queries?.get(key);
    if (!described) continue;
    if ('error' in described) {
      diagnostics.push({
        code: 'invalid-sql',
        severity: 'error',
        message: `the warehouse refuses the query: ${described.error}`,
        hint: 'it was asked for the columns only, and nothing was run',
        ...placed(query, undefined, spans),
      });
      continue;
    }
    const columns = bindColumns(query, described.columns, spans);
    if ('problems' in columns) diagnostics.push(...columns.problems);
    else bound.set(key, { query, tables, ...columns, columns: described.columns });
  }
  const unknown = project.definitions.filter((d): d is TraitDefinition => isSql(d) && !bound.has(d.key));
  return { read: read.queries, bound, unknown, diagnostics };
}

/** What a key may be; columns are keys. */
const KEY = /^[a-z0-9_]{1,255}$/;

function bindColumns(
  query: SqlQuery,
  columns: readonly CatalogColumn[],
  spans: Spans,
): Pick<BoundQuery, 'id' | 'outputs'> | { readonly problems: readonly Diagnostic[] } {
  const ids = IDS[query.definition.of];
  const problem = (message: string, hint: string, code: Code = 'invalid-sql'): Diagnostic => ({
    code,
    severity: 'error',
    message,
    hint,
    ...placed(query, undefined, spans),
  });
  const names = listNames(columns.map(({ name }) => name));
  const found = columns.flatMap((column) => {
    const type = ids.find((id) => id === column.name.toLowerCase());
    return type === undefined ? [] : [{ type, column }];
  });
  const [id, second] = found;
  if (!id)
    return {
      problems: [
        problem(
          `the query has no column ${orList(ids)}. Its columns: ${names}`,
          'name the id: … as user_id'.replace('user_id', ids[0] ?? ''),
        ),
      ],
    };
  if (second)
    return {
      problems: [
        problem(`the query has two ids: ${id.column.name} and ${second.column.name}`, 'keep one of them'),
      ],
    };
  const others = columns.filter((column) => column !== id.column);
  if (others.length === 0)
    return {
      problems: [problem('the query has no column but the id', 'each other column is a trait: add one')],
    };
  const outputs = others.map((column) => ({ key: column.name.toLowerCase(), column }));
  const problems = outputs.flatMap(({ key, column }, i) => {
    if (!KEY.test(key))
      return [
        problem(
          `the column ${JSON.stringify(column.name)} cannot be the key of a trait`,
          'name it in lower case letters, digits and underscores: … as orders_total',
        ),
      ];
    return outputs.findIndex((other) => other.key === key) < i
      ? [
          problem(
            `the query has two columns ${key}`,
            'a column is the key of a trait: name one of them anew',
            'duplicate-key',
          ),
        ]
      : [];
  });
  return problems.length > 0 ? { problems } : { id, outputs };
}

/** Where a part of a query stands, or the query. */
function placed(
  query: SqlQuery,
  part: Part | undefined,
  spans: Spans,
): Pick<Diagnostic, 'span' | 'definition'> {
  const span = querySpan(query, part?.at, spans);
  return { definition: query.definition.key, ...(span && { span }) };
}
