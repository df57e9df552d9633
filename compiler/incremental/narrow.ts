/** What every reader of a leaf asks of its rows: rows that fail it matter to nobody. */
import { and, or } from '../ir/build.js';
import { inputsOf } from '../ir/relations.js';
import type { Expr, Relation } from '../ir/types.js';
import { mapExpr, walkExpr } from '../ir/walk.js';
import type { Tracking } from './tracked.js';

/** By leaf, what each way to it asks of its rows, over its own columns; conditions with parameters are left out. */
export function askedOfLeaves(root: Relation, tracking: Tracking): ReadonlyMap<Relation, Expr> {
  const ways = new Map<Relation, (readonly Expr[])[]>([[root, [[]]]]);
  const asked = new Map<Relation, Expr>();
  for (const relation of tracking.topDown(root, inputsOf)) {
    const own = ways.get(relation) ?? [];
    if (tracking.of(relation)) {
      asked.set(relation, or(...own.map((conditions) => and(...conditions))));
      continue;
    }
    for (const input of inputsOf(relation)) {
      // Beyond a few ways it is not worth telling them apart.
      const passed =
        own.length > MOST_WAYS ? [[]] : own.map((conditions) => passedOn(relation, input, conditions));
      ways.set(input, [...(ways.get(input) ?? []), ...passed]);
    }
  }
  return asked;
}

const MOST_WAYS = 8;

/** What a relation asks of an input's rows, given what is asked of its own. */
function passedOn(relation: Relation, input: Relation, conditions: readonly Expr[]): readonly Expr[] {
  switch (relation.kind) {
    case 'filter':
      return [...conditions, ...conjunctsOf(relation.predicate).filter(isPlain)];
    case 'project': {
      const by = new Map(relation.exprs.map(({ name, expr }) => [name, expr]));
      return conditions.flatMap((condition) => substituted(condition, (name) => by.get(name)));
    }
    case 'union': {
      const names = input.columns.map(({ name, type }): Expr => ({ kind: 'col', name, type }));
      const by = new Map(relation.columns.map(({ name }, i) => [name, names[i]]));
      return conditions.flatMap((condition) => substituted(condition, (name) => by.get(name)));
    }
    case 'semi_join':
    case 'anti_join':
      return input === relation.left ? conditions : [];
    default:
      return [];
  }
}

const conjunctsOf = (expr: Expr): readonly Expr[] =>
  expr.kind === 'call' && expr.fn === 'and' ? expr.args.flatMap(conjunctsOf) : [expr];

/** Said of the row alone. */
const isPlain = (expr: Expr): boolean =>
  [...walkExpr(expr)].every((e) => e.kind !== 'param' && e.kind !== 'agg' && !(e.kind === 'col' && e.side));

/** The condition over other columns; none where one of them is more than a column or a constant. */
function substituted(condition: Expr, of: (name: string) => Expr | undefined): readonly Expr[] {
  let fits = true;
  const made = mapExpr(condition, (e) => {
    if (e.kind !== 'col') return e;
    const found = of(e.name);
    if (found?.kind === 'col' || found?.kind === 'lit') return found;
    fits = false;
    return e;
  });
  return fits ? [made] : [];
}
