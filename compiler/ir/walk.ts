/** Visits and rewrites of expressions; total over `Expr`, so a new kind does not compile until it is here. */
import type { Expr, ExprKind } from './types.js';
import { and, or, not } from './build.js';

type Children = { [K in ExprKind]: (expr: Extract<Expr, { kind: K }>) => readonly Expr[] };

const CHILDREN: Children = {
  col: () => [],
  lit: () => [],
  null: () => [],
  param: () => [],
  call: (e) => e.args,
  case: (e) => [...e.whens.flatMap((w) => [w.when, w.then]), ...(e.otherwise ? [e.otherwise] : [])],
  cast: (e) => [e.expr],
  some: (e) => [e.of, e.test],
  element: () => [],
  agg: (e) => [...e.args, ...(e.filter ? [e.filter] : []), ...(e.orderBy ?? [])],
};

export function childrenOf(expr: Expr): readonly Expr[] {
  return (CHILDREN[expr.kind] as (e: Expr) => readonly Expr[])(expr);
}

/** Every expression of a tree, parents first. */
export function* walkExpr(expr: Expr): Generator<Expr> {
  yield expr;
  for (const child of childrenOf(expr)) yield* walkExpr(child);
}

/** Rewrites top-down: `f` returns the node itself to keep it and go on below, or another to put there as it is. */
export function mapExpr(expr: Expr, f: (expr: Expr) => Expr): Expr {
  const replaced = f(expr);
  if (replaced !== expr) return replaced;
  const map = (e: Expr): Expr => mapExpr(e, f);
  switch (expr.kind) {
    case 'col':
    case 'lit':
    case 'null':
    case 'param':
    case 'element':
      return expr;
    case 'call': {
      const args = expr.args.map(map);
      if (expr.fn === 'and') return and(...args);
      if (expr.fn === 'or') return or(...args);
      const [only] = args;
      return expr.fn === 'not' && only ? not(only) : { ...expr, args };
    }
    case 'case': {
      const whens = expr.whens.map((w) => ({ when: map(w.when), then: map(w.then) }));
      return expr.otherwise ? { ...expr, whens, otherwise: map(expr.otherwise) } : { ...expr, whens };
    }
    case 'cast':
      return { ...expr, expr: map(expr.expr) };
    case 'some':
      return { ...expr, of: map(expr.of), test: map(expr.test) };
    case 'agg': {
      const args = expr.args.map(map);
      const filtered = expr.filter ? { filter: map(expr.filter) } : {};
      const ordered = expr.orderBy ? { orderBy: expr.orderBy.map(map) } : {};
      return { ...expr, args, ...filtered, ...ordered };
    }
  }
}
