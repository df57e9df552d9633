import type { Rank } from '../../models/algebra.js';
import { percentUnits, WHOLE } from '../../models/percent.js';
import { CompilerBug } from '../diagnostics/index.js';
import { as, c, call, filter, int, join, partitionCount, project, rowNumber } from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';

const VALUE = 'rollcall_value';
const PLACE = 'rollcall_place';
const RANKED = 'rollcall_ranked';

/** What a ranking is made of. */
export interface Ranked {
  /** Keys of who is ranked. */
  readonly population: Relation;
  /** Rows by key that the number is made of, and the number where a row may be absent. */
  readonly values: Relation;
  readonly number: Expr;
  /** `names()` of the provider. */
  readonly names: Relation;
}

/**
 * Who comes first by a number: key, and a column that says so. Those without the number are not ranked. Of equal
 * ones users come first, then the least id by code point, so that the order is the same on every engine and in every run.
 */
export function rankRelation(
  rank: Rank,
  { population, values, number, names }: Ranked,
  member: string,
): Relation {
  const key = population.columns.map(({ name }) => name);
  const valued = join('left', population, values, key);
  const keyed = key.map((name) => as(name, c(valued, name)));
  const numbered = project(valued, [...keyed, as(VALUE, number)]);
  const rows = join('inner', filter(numbered, call('is_not_null', c(numbered, VALUE))), names, key);
  const placed = rowNumber(rows, {
    partitionBy: [],
    orderBy: [
      { expr: c(rows, VALUE), desc: rank.order === 'descending' },
      { expr: c(rows, 'named_kind'), desc: true },
      { expr: c(rows, 'named_id') },
    ],
    as: PLACE,
  });
  const first = firstOf(placed, rank.take);
  return project(first, [...key.map((name) => as(name, c(first, name))), as(member, int(1))]);
}

/** So many, or that share of all that are ranked, rounded up. */
function firstOf(placed: Relation, take: Rank['take']): Relation {
  if ('top' in take) return filter(placed, call('le', c(placed, PLACE), int(take.top)));
  const units = percentUnits(Number(take.percent));
  if (units === undefined) throw new CompilerBug(`not a percentage: ${take.percent}`);
  const counted = partitionCount(placed, { partitionBy: [], as: RANKED });
  const before = call('sub', c(counted, PLACE), int(1));
  return filter(
    counted,
    call('lt', call('mul', before, int(WHOLE)), call('mul', c(counted, RANKED), int(units))),
  );
}
