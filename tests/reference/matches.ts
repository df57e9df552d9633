/** The rows of entities that an audience's members have of what its conditions ask for (docs/semantics.md, "Entities"). */
import { matchingRows, type RowScope } from './entities.js';
import type { Condition, Definition, EntityStream } from './model.js';
import { reducerOf } from './reducers.js';

type Audience = Definition & { kind: 'audience' };

/** Entity → ids, ascending; entities without any row are left out. */
export type RowIds = Map<string, string[]>;

/** The conditions on entities that ask for rows, wherever they stand beside others. */
export function askingFor(condition: Condition, negated = false): EntityStream[] {
  if ('all' in condition) return condition.all.flatMap((part) => askingFor(part, negated));
  if ('any' in condition) return condition.any.flatMap((part) => askingFor(part, negated));
  if ('not' in condition) return askingFor(condition.not, !negated);
  return 'entity' in condition && wantsNone(condition) === negated ? [condition] : [];
}

/** Whether it says that there are no such rows: a count equal to 0, at most 0 or less than 1. */
function wantsNone(stream: EntityStream): boolean {
  const reducer = reducerOf(stream);
  if (reducer?.name !== 'count') return false;
  const { equals, at_most: most, less_than: less } = reducer.args;
  const within = (value: unknown, from: number, to: (value: number) => boolean): boolean =>
    typeof value === 'number' && value >= from && to(value);
  return equals === 0 || within(most, 0, (n) => n < 1) || (within(less, 0, (n) => n <= 1) && less !== 0);
}

/** Of one profile, for an audience. */
export function rowIds({ definition, destinations = [] }: Audience, scope: RowScope): RowIds {
  const linked = new Set(
    destinations.flatMap((link) => (typeof link === 'string' ? [] : (link.entities ?? []))),
  );
  const found = new Map<string, Set<string>>();
  for (const stream of askingFor(definition).filter(({ entity }) => linked.has(entity))) {
    const ids = found.get(stream.entity) ?? new Set<string>();
    for (const row of matchingRows(stream, scope, [])) ids.add(scope.entities.id(row));
    if (ids.size > 0) found.set(stream.entity, ids);
  }
  return new Map([...found].map(([entity, ids]) => [entity, [...ids].sort()]));
}
