/** Visits of relations; total over `Relation`, so a new kind does not compile until it is here. */
import type { Expr, Relation, RelationKind, SemiJoin } from './types.js';

type Of<K extends RelationKind> = K extends SemiJoin['kind'] ? SemiJoin : Extract<Relation, { kind: K }>;

const INPUTS: { [K in RelationKind]: (r: Of<K>) => readonly Relation[] } = {
  scan: () => [],
  values: () => [],
  filter: (r) => [r.input],
  project: (r) => [r.input],
  aggregate: (r) => [r.input],
  window: (r) => [r.input],
  unnest: (r) => [r.input],
  join: (r) => [r.left, r.right],
  semi_join: (r) => [r.left, r.right],
  anti_join: (r) => [r.left, r.right],
  union: (r) => r.inputs,
  nearest: (r) => [r.left, r.right],
  query: (r) => r.pieces.flatMap((piece) => (piece.kind === 'rows' ? [piece.relation] : [])),
};

export function inputsOf(relation: Relation): readonly Relation[] {
  return (INPUTS[relation.kind] as (r: Relation) => readonly Relation[])(relation);
}

type Map1 = (relation: Relation) => Relation;

const WITH_INPUTS: { [K in RelationKind]: (r: Of<K>, map: Map1) => Relation } = {
  scan: (r) => r,
  values: (r) => r,
  filter: (r, map) => ({ ...r, input: map(r.input) }),
  project: (r, map) => ({ ...r, input: map(r.input) }),
  aggregate: (r, map) => ({ ...r, input: map(r.input) }),
  window: (r, map) => ({ ...r, input: map(r.input) }),
  unnest: (r, map) => ({ ...r, input: map(r.input) }),
  join: (r, map) => ({ ...r, left: map(r.left), right: map(r.right) }),
  semi_join: (r, map) => ({ ...r, left: map(r.left), right: map(r.right) }),
  anti_join: (r, map) => ({ ...r, left: map(r.left), right: map(r.right) }),
  union: (r, map) => ({ ...r, inputs: r.inputs.map(map) }),
  nearest: (r, map) => ({ ...r, left: map(r.left), right: map(r.right) }),
  query: (r, map) => ({
    ...r,
    pieces: r.pieces.map((piece) =>
      piece.kind === 'rows' ? { ...piece, relation: map(piece.relation) } : piece,
    ),
  }),
};

/** The relation over other inputs of the same columns; itself where none of them is another. */
export function mapInputs(relation: Relation, map: (input: Relation) => Relation): Relation {
  if (inputsOf(relation).every((input) => map(input) === input)) return relation;
  return (WITH_INPUTS[relation.kind] as (r: Relation, m: Map1) => Relation)(relation, map);
}

const EXPRESSIONS: { [K in RelationKind]: (r: Of<K>) => readonly Expr[] } = {
  scan: () => [],
  values: (r) => r.rows.flat(),
  filter: (r) => [r.predicate],
  project: (r) => r.exprs.map((e) => e.expr),
  aggregate: (r) => [...r.groupBy, ...r.aggs].map((e) => e.expr).concat(r.having ?? []),
  window: (r) => [...r.partitionBy, ...r.orderBy.map((o) => o.expr), ...(r.arg ? [r.arg] : [])],
  unnest: (r) => [r.expr],
  join: (r) => (r.residual ? [r.residual] : []),
  semi_join: (r) => (r.residual ? [r.residual] : []),
  anti_join: (r) => (r.residual ? [r.residual] : []),
  union: () => [],
  nearest: (r) => [r.time],
  // Names in its values are the user's own, and no columns of what it reads.
  query: () => [],
};

export function expressionsOf(relation: Relation): readonly Expr[] {
  return (EXPRESSIONS[relation.kind] as (r: Relation) => readonly Expr[])(relation);
}

/** Inputs, but for a stable relation, which is finished and looked at from outside only. */
export const openInputs = (relation: Relation): readonly Relation[] =>
  relation.stable ? [] : inputsOf(relation);

/** Every relation of a tree once, each before its inputs; stable ones are leaves. */
export function topDown(root: Relation): readonly Relation[] {
  const order: Relation[] = [];
  const seen = new Set<Relation>();
  const visit = (relation: Relation): void => {
    if (seen.has(relation)) return;
    seen.add(relation);
    openInputs(relation).forEach(visit);
    order.push(relation);
  };
  visit(root);
  return order.reverse();
}

/** How many relations read each relation. */
export function readers(root: Relation): ReadonlyMap<Relation, number> {
  const count = new Map<Relation, number>();
  for (const relation of topDown(root)) {
    for (const input of openInputs(relation)) count.set(input, (count.get(input) ?? 0) + 1);
  }
  return count;
}
