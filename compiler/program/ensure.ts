/** What has to be there before a run: the schema, state tables, views. */
import type { ExistingState } from './plan.js';
import { STATE, type StateSchema, type StateTable } from './state.js';
import type { Step, View } from './types.js';
import { audienceViews, contractViews } from './views.js';

/** Creates what the schema lacks; on a warehouse that has run before, nothing. */
export function ensureSteps(
  schema: StateSchema,
  audiences: readonly string[],
  existing: ExistingState,
): readonly Step[] {
  const views = [...contractViews(schema), ...audienceViews(schema, audiences)].filter(
    (view) => !isThere(view, existing),
  );
  const steps: readonly Step[] = [
    ...(Object.keys(STATE) as StateTable[])
      .filter((table) => !existing.tables.has(table))
      .map((table): Step => ({
        id: `ensure.${table}`,
        title: `table ${table}`,
        op: 'ensure_table',
        spec: schema.spec(table),
      })),
    ...(views.length === 0 ? [] : [{ id: 'ensure.views', title: 'views', op: 'views', views } as const]),
  ];
  // What landed is told by all of these together. A process that dies in between leaves nothing that says it did.
  const rebuilt = existing.rebuilt ?? [];
  const unlanded: readonly Step[] =
    existing.tables.has('landing') &&
    rebuilt.some((table) => table === 'landed' || table === 'identity_pairs')
      ? [{ id: 'ensure.unlanded', title: 'to be landed in full', op: 'delete', table: schema.ref('landing') }]
      : [];
  const dropped = rebuilt.map((table): Step => ({
    id: `ensure.${table}.drop`,
    title: `table ${table}: not whole`,
    op: 'drop',
    table: schema.ref(table),
    object: 'table',
  }));
  const first: Step = {
    id: 'ensure.schema',
    title: `schema ${schema.schema}`,
    op: 'ensure_schema',
    schema: schema.schema,
  };
  return steps.length === 0 ? [] : [first, ...unlanded, ...dropped, ...steps];
}

function isThere({ view, query }: View, existing: ExistingState): boolean {
  const columns = existing.tables.get(view.name);
  return columns !== undefined && query.columns.every((column) => columns.includes(column.name));
}
