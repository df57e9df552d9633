/**
 * `nearest` for engines without ASOF joins: rows of both sides in one order of time, where a window over the rows so far
 * knows the nearest time, and a join of equals on it. One sort and one hash join, however many rows a profile has.
 */
import {
  and,
  as,
  c,
  call,
  caseWhen,
  eq,
  extend,
  filter,
  int,
  join,
  label,
  nul,
  pick,
  project,
  rowNumber,
  runningExtreme,
  typeOf,
  union,
} from '../../compiler/ir/build.js';
import type { Expr, Named, Nearest, Relation } from '../../compiler/ir/types.js';

/** The same rows and columns, without a `nearest`. */
export function nearestByWindow(r: Nearest): Relation {
  const own = freshNames(r);
  const known = withNearestTime(r, own);
  const keys = new Set(r.on.map((key) => key.right));
  const onlyTime = r.right.columns.every(({ name }) => name === r.rightTime || keys.has(name));
  const found = onlyTime ? keysAndTime(r, known, own) : withRight(r, known, own);
  return r.label === undefined ? found : label(found, r.label);
}

interface OwnNames {
  readonly at: string;
  readonly side: string;
  readonly seen: string;
  readonly nearest: string;
}

/** The left's rows, each with the time of its nearest row of the right: times follow the order, so it is an extreme. */
function withNearestTime(r: Nearest, own: OwnNames): Relation {
  const { left, right, match } = r;
  const time = typeOf(c(right, r.rightTime));
  const rightKeys = new Map(r.on.map((key) => [key.left, key.right]));
  // Of rows with a null in them none is a partner, but in a partition they would stand beside others with a null.
  const partners = filter(
    right,
    and(
      call('is_not_null', c(right, r.rightTime)),
      ...r.on.flatMap((key) => (key.nullSafe ? [] : [call('is_not_null', c(right, key.right))])),
    ),
  );
  const both = union([
    extend(left, [as(own.at, r.time), as(own.side, int(1)), as(own.seen, nul(time))]),
    project(partners, [
      ...left.columns.map(({ name, type }) => {
        const key = rightKeys.get(name);
        return as(name, key === undefined ? nul(type) : c(partners, key));
      }),
      as(own.at, c(partners, r.rightTime)),
      as(own.side, int(0)),
      as(own.seen, c(partners, r.rightTime)),
    ]),
  ]);
  const forward = match !== 'at_or_before';
  const seen = runningExtreme(both, forward ? 'running_min' : 'running_max', {
    arg: c(both, own.seen),
    partitionBy: r.on.map((key) => c(both, key.left)),
    // From the far end; at one time the right's row comes before only where it may match.
    orderBy: [
      { expr: c(both, own.at), desc: forward },
      { expr: c(both, own.side), desc: match === 'after' },
    ],
    as: own.nearest,
  });
  const lefts = filter(seen, eq(c(seen, own.side), int(1)));
  const at = call('is_not_null', c(lefts, own.at));
  return project(lefts, [
    ...left.columns.map(({ name }) => as(name, c(lefts, name))),
    as(own.nearest, caseWhen([{ when: at, then: c(lefts, own.nearest) }])),
  ]);
}

/** Where the right has no more than keys and time, they are known already. */
function keysAndTime(r: Nearest, known: Relation, own: OwnNames): Relation {
  const time = c(known, own.nearest);
  const there = call('is_not_null', time);
  const exprs = r.columns.map(({ name }): Named => {
    if (r.left.columns.some((x) => x.name === name)) return as(name, c(known, name));
    if (name === r.rightTime) return as(name, time);
    const key = r.on.find(({ right }) => right === name)?.left ?? name;
    return as(name, caseWhen([{ when: there, then: c(known, key) }]));
  });
  return project(known, exprs);
}

function withRight(r: Nearest, known: Relation, own: OwnNames): Relation {
  const { right, rightTime, on } = r;
  const unique = [...on.map((key) => key.right), rightTime];
  const rows = uniqueBy(right, new Set(unique)) ? right : oneOfEach(right, unique, own);
  const joined = join('left', known, rows, [...on, { left: own.nearest, right: rightTime }]);
  return pick(
    joined,
    r.columns.map(({ name }) => name),
  );
}

/** Any one row of those that are equal in some columns. */
function oneOfEach(rows: Relation, names: readonly string[], own: OwnNames): Relation {
  const partitionBy = names.map((name) => c(rows, name));
  const orderBy = partitionBy.slice(-1).map((expr) => ({ expr }));
  const numbered = rowNumber(rows, { partitionBy, orderBy, as: own.side });
  return pick(
    filter(numbered, eq(c(numbered, own.side), int(1))),
    rows.columns.map(({ name }) => name),
  );
}

/** Whether no two rows can be equal in all of the columns, by the shape of the relation. */
function uniqueBy(relation: Relation, names: ReadonlySet<string>): boolean {
  switch (relation.kind) {
    case 'aggregate':
      return relation.groupBy.every(({ name }) => names.has(name));
    case 'project': {
      if (relation.distinct) return relation.columns.every(({ name }) => names.has(name));
      const inner = relation.exprs.flatMap(({ name, expr }) => (names.has(name) ? columnName(expr) : []));
      return uniqueBy(relation.input, new Set(inner));
    }
    case 'filter':
    case 'window':
      return uniqueBy(relation.input, names);
    default:
      return false;
  }
}

const columnName = (expr: Expr): readonly string[] => (expr.kind === 'col' ? [expr.name] : []);

/** Names that neither side has. */
function freshNames({ left, right, columns }: Nearest): OwnNames {
  const taken = new Set(
    [...left.columns, ...right.columns, ...columns].map(({ name }) => name.toLowerCase()),
  );
  const fresh = (wanted: string): string => {
    let name = wanted;
    for (let n = 2; taken.has(name); n++) name = `${wanted}_${n}`;
    taken.add(name);
    return name;
  };
  return {
    at: fresh('at_time'),
    side: fresh('is_left'),
    seen: fresh('seen_at'),
    nearest: fresh('nearest_at'),
  };
}
