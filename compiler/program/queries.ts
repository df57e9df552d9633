/**
 * Queries of SQL traits in a run: each is computed once, into a table of its own that all its columns are read
 * from, and looked at before anything of it is: one row an id.
 */
import { hashedName } from '../bind/paths.js';
import {
  agg,
  aggregate,
  antiJoin,
  as,
  c,
  call,
  filter,
  int,
  nul,
  pick,
  project,
  rowNumber,
  semiJoin,
  text,
  union,
} from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import { outputColumns, QUERY_ID, queryColumns } from '../lower/query.js';
import type { Provider } from '../lower/index.js';
import type { BoundQuery } from '../sql/index.js';
import { scanSpec, temporary } from './names.js';
import type { QueryChecks } from './plan.js';
import type { Step, TableSpec } from './types.js';

/** The rows of a query, of this run. */
export const queryTable = (bound: BoundQuery): TableSpec => {
  const { key } = bound.query.definition;
  return temporary(`query_${hashedName(key, key)}`, queryColumns(bound));
};

export function queryStep(bound: BoundQuery, rows: Relation): Step {
  const { key } = bound.query.definition;
  return {
    id: `compute.${key}.query`,
    title: `${key}: its query`,
    definition: key,
    op: 'replace',
    spec: queryTable(bound),
    query: rows,
  };
}

/** How many samples are told of each mistake. */
const SAMPLES = 5;

/** What is asked of a query's rows before they count. */
export function queryChecks(bound: BoundQuery, provider: Provider): QueryChecks {
  const { key } = bound.query.definition;
  const rows = scanSpec(queryTable(bound));
  const id = c(rows, QUERY_ID.name);
  const without = filter(rows, call('is_null', id));
  const several = aggregate(
    rows,
    [as('id', id)],
    [as('n', agg('count'))],
    call('gt', agg('count', [id]), int(1)),
  );
  const given = filter(rows, call('is_not_null', id));
  const unknown = antiJoin(given, pick(knownIds(bound, provider), ['id']), ['id']);
  const count = (what: string, counted: Relation): Relation => {
    const counts = aggregate(counted, [], [as('n', agg('count'))]);
    return project(counts, [as('what', text(what)), as('n', c(counts, 'n'))]);
  };
  const make = (name: string, title: string, query: Relation): Step => ({
    id: `compute.${key}.${name}`,
    title: `${key}: ${title}`,
    definition: key,
    op: 'read',
    query,
  });
  return {
    id: bound.id.column.name,
    counts: make(
      'check',
      'one row an id',
      union([count('without', without), count('several', several), count('unknown', unknown)]),
    ),
    samples: make(
      'samples',
      'rows that are not',
      union([first(nulls(bound, without)), first(twice(several))]),
    ),
  };
}

/** Ids that are some profile's. */
function knownIds(bound: BoundQuery, provider: Provider): Relation {
  const rows = pick(scanSpec(queryTable(bound)), [QUERY_ID.name]);
  const given = filter(rows, call('is_not_null', c(rows, QUERY_ID.name)));
  if (bound.id.type === 'group_id') return pick(provider.accounts().accounts(), [['group_id', 'id']]);
  const theirs = provider.identified(bound.id.type, given);
  const keys = provider.key.map(({ name }) => name);
  return pick(semiJoin(theirs, pick(provider.profiles(), keys), keys), [QUERY_ID.name]);
}

const nulls = ({ outputs }: BoundQuery, rows: Relation): Relation =>
  project(rows, [
    as('what', text('without')),
    as(
      'sample',
      call(
        'json_dump',
        call(
          'json_object',
          ...outputs.flatMap(({ key }) => [
            text(key),
            call('parse_json', c(rows, outputColumns(key)[0]?.name ?? '')),
          ]),
        ),
      ),
    ),
    as('n', nul('int')),
  ]);

const twice = (rows: Relation): Relation =>
  project(rows, [as('what', text('several')), as('sample', c(rows, 'id')), as('n', c(rows, 'n'))]);

function first(rows: Relation): Relation {
  const ranked = rowNumber(rows, {
    partitionBy: [],
    orderBy: [{ expr: c(rows, 'sample') }],
    as: 'sample_rank',
  });
  return pick(filter(ranked, call('le', c(ranked, 'sample_rank'), int(SAMPLES))), ['what', 'sample', 'n']);
}
