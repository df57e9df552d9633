/** What has to be asked of a warehouse before a query's columns are known. */
import { shapeOf, type Project, type Spans } from '../../models/definition.js';
import type { Catalog } from '../bind/types.js';
import { label, values } from '../ir/build.js';
import type { UserQuery } from '../ir/types.js';
import { queryTables } from './bind.js';
import { readQueries } from './read.js';
import { queryRelation, REF_COLUMNS } from './relation.js';

/**
 * Every query whose tables are there, by key, with nothing in what it refers to: no definition need have been
 * computed, and none can refer to itself.
 */
export function describableQueries(
  project: Project,
  catalog: Catalog,
  spans: Spans,
): ReadonlyMap<string, UserQuery> {
  const kinds = new Map(project.definitions.map(({ key, kind }) => [key, kind]));
  const ref = (key: string) =>
    label(values(REF_COLUMNS[shapeOf(kinds.get(key) ?? 'trait')], []), `ref ${key}`);
  return new Map(
    [...readQueries(project, spans).queries].flatMap(([key, query]) => {
      const { tables, diagnostics } = queryTables(query, project, catalog, spans);
      return diagnostics.length > 0 ? [] : [[key, queryRelation(query, [], { tables, ref })] as const];
    }),
  );
}
