/**
 * What reconciling finds: how far state was from what the raw rows say. Definitions are told of by the differences that
 * publishing makes anyway, facts by how many there are and what they come to before and after they are made anew.
 */
import type { BoundSource } from '../bind/index.js';
import type { Needs } from '../bind/types.js';
import {
  agg,
  aggregate,
  as,
  c,
  call,
  filter,
  int,
  pick,
  project,
  rowNumber,
  text,
  union,
  values,
} from '../ir/build.js';
import type { Column, Expr, Relation } from '../ir/types.js';
import { factsTables } from './facts.js';
import { RUN_NO, scanSpec } from './names.js';
import type { StateSchema } from './state.js';
import type { TableSpec } from './types.js';
import { withProfileId } from './views.js';

/** Profiles told of each kind of difference of a definition. */
const SAMPLE = 5;

/**
 * (definition_no, what, profile_id): a few profiles of each kind of difference.
 *
 * @param differences (definition_no, profile_no) by what they are
 */
export function driftSamples(schema: StateSchema, differences: Readonly<Record<string, Relation>>): Relation {
  const parts = Object.entries(differences).map(([what, rows]) =>
    project(rows, [
      as('definition_no', c(rows, 'definition_no')),
      as('profile_no', c(rows, 'profile_no')),
      as('what', text(what)),
    ]),
  );
  const all = withProfileId(schema, union(parts));
  const ranked = rowNumber(all, {
    partitionBy: [c(all, 'definition_no'), c(all, 'what')],
    orderBy: [{ expr: c(all, 'profile_id') }, { expr: c(all, 'profile_no') }],
    as: 'nth',
  });
  const first = filter(ranked, call('le', c(ranked, 'nth'), int(SAMPLE)));
  return pick(first, ['definition_no', 'what', 'profile_id']);
}

const COLUMNS: readonly Column[] = [
  { name: 'source', type: 'text' },
  { name: 'what', type: 'text' },
  { name: 'n', type: 'int' },
  { name: 'digest', type: 'number' },
];

/** (source, what, n, digest): how many facts there are of each table, and a sum over hashes of all that they say. */
export function factsDigests(schema: StateSchema, sources: readonly BoundSource[], needs: Needs): Relation {
  const parts = sources.flatMap((source) =>
    factsTables(schema, source, needs).map(({ what, spec }) => {
      const rows = scanSpec(spec);
      const hashed = project(rows, [as('h', call('hash64', saying(rows, spec)))]);
      const sums = [as('n', agg('count')), as('digest', agg('sum', [c(hashed, 'h')]))];
      const digest = aggregate(hashed, [], sums);
      return project(digest, [
        as('source', text(source.name)),
        as('what', text(what)),
        as('n', c(digest, 'n')),
        as('digest', c(digest, 'digest')),
      ]);
    }),
  );
  return parts.length > 0 ? union(parts) : values(COLUMNS, []);
}

/** All that a fact says, as one text; which run landed it is no part of it. */
function saying(rows: Relation, spec: TableSpec): Expr {
  const parts = spec.columns
    .filter(({ name }) => name !== RUN_NO.name)
    .flatMap(({ name, type }) => [call('coalesce', textOf(c(rows, name), type), NOTHING), text('\u001f')]);
  return call('concat', ...parts);
}

/** Instead of a value that is not there: an empty text is one. */
const NOTHING = text('\u001e');

function textOf(value: Expr, type: Column['type']): Expr {
  switch (type) {
    case 'text':
      return value;
    case 'int':
    case 'number':
      return call('number_text', value);
    case 'timestamp':
      return call('ts_text', value);
    case 'json':
      return call('json_dump', value);
    case 'bool':
      return call('bool_text', value);
  }
}
