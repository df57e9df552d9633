/**
 * Reducing children by trying every pair of parent and child: what is left where they are tied by more than equal
 * values, and for values that say nothing of the value over fewer rows (`mode`, `unique`).
 */
import { and, as, c, call, col, join, label, project, rowNumber } from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import { mapExpr, walkExpr } from '../ir/walk.js';
import { later, ofParent, type Pairing } from './pairing.js';
import { beside } from './predicate.js';
import { reduced } from './reduce.js';

const ORDER = ['timestamp', 'message_id', 'origin'];

/**
 * Every pair within the span, grouped by parent. Parents are numbered by all they carry: two that get each
 * other's number differ in nothing.
 */
export function allPairs(pairing: Pairing, parents: Relation): Relation {
  const { key } = pairing.child;
  const number = pairing.name('no');
  const rows = pairing.keyed(parents);
  const others = rows.columns.filter((x) => !key.includes(x.name)).map((x) => ({ expr: c(rows, x.name) }));
  const numbered = label(
    rowNumber(rows, { partitionBy: key.map((k) => c(rows, k)), orderBy: others, as: number }),
    `parents of ${pairing.child.stream.event}`,
  );
  const own = pairing.rows();
  const carried = own.columns.filter((x) => carries(pairing, x.name));
  const children = pairing.children(carried.map((x) => as(pairing.name(x.name), c(own, x.name))));
  const at = col(pairing.name('timestamp'), 'timestamp', 'right');
  const parentTime = (micros: bigint): Expr => ofParent(later(micros));
  const { from, to } = pairing.span;
  const span = [
    call('gt', at, parentTime(0n)),
    ...(from === 0n ? [] : [call('ge', at, parentTime(from))]),
    ...(to === undefined ? [] : [call('le', at, parentTime(to))]),
  ];
  const links = pairing.child.links.map((link) => tied(pairing, link));
  const joined = join('inner', numbered, children, pairing.on(), and(...span, ...links));
  const groups = [...key, number];
  const pairs = project(joined, [
    ...groups.map((k) => as(k, c(joined, k))),
    ...carried.map((x) => as(x.name, c(joined, pairing.name(x.name)))),
  ]);
  const values = reduced(
    pairs,
    groups.map((k) => as(k, c(pairs, k))),
    pairing.reduction,
  );
  const found = join('left', numbered, values, groups);
  return beside(parents, found, [as(pairing.reduction.column, c(found, pairing.reduction.column))]);
}

/** Whether a column of the child is read when pairs are tied or reduced. */
function carries(pairing: Pairing, name: string): boolean {
  if (name === 'timestamp') return true;
  const { reducer, argument, elements } = pairing.reduction;
  if (ORDER.includes(name)) return reducer.fn === 'first' || reducer.fn === 'last';
  const read = [...pairing.child.links, ...(argument ? [argument] : []), ...(elements ? [elements] : [])];
  return read.some((expr) =>
    [...walkExpr(expr)].some((e) => e.kind === 'col' && e.name === name && e.side !== 'left'),
  );
}

/** A link as the join's: the child's columns by their names beside the parent's. */
function tied(pairing: Pairing, link: Expr): Expr {
  return mapExpr(link, (e) =>
    e.kind === 'col' && e.side !== 'left' ? col(pairing.name(e.name), e.type, 'right') : e,
  );
}
