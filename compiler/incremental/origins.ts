/** Where a value comes from: expressions over the leaves' own columns. */
import { inputsOf } from '../ir/relations.js';
import type { Expr, Relation, Window } from '../ir/types.js';
import { mapExpr, walkExpr } from '../ir/walk.js';
import { col } from '../ir/build.js';
import { Untracked, type Tracking } from './tracked.js';

/** A value that is, in each row, that of `expr` in some row of the leaf of the same profile. */
export interface Origin {
  readonly leaf: Relation;
  readonly expr: Expr;
}

/**
 * All that an expression over some inputs can have come from. Throws `Untracked` where it is made of several values, or of
 * what no leaf brings.
 */
export function originsOf(expr: Expr, inputs: readonly Relation[], tracking: Tracking): readonly Origin[] {
  const again = (e: Expr): readonly Origin[] => originsOf(e, inputs, tracking);
  switch (expr.kind) {
    case 'null':
      return [];
    case 'col':
      return ofColumn(expr, inputs, tracking);
    case 'agg':
      if (!PICKING.has(expr.fn)) throw new Untracked(`${expr.fn} of a time`);
      return expr.args.flatMap(again);
    case 'case':
      return [...expr.whens.map(({ then }) => then), ...(expr.otherwise ? [expr.otherwise] : [])].flatMap(
        again,
      );
    case 'call':
      if (expr.fn === 'coalesce' || expr.fn === 'least' || expr.fn === 'greatest')
        return expr.args.flatMap(again);
      return ofFunction(expr, again);
    case 'cast':
      return ofFunction(expr, again);
    default:
      throw new Untracked(`a ${expr.kind} compared with as_of`);
  }
}

/** Aggregates that give one of the values they are given. */
const PICKING: ReadonlySet<string> = new Set(['min', 'max', 'first', 'last']);

/** A function of one column of one row. */
function ofFunction(expr: Expr, again: (e: Expr) => readonly Origin[]): readonly Origin[] {
  const names = new Map<string, Expr>();
  for (const e of walkExpr(expr)) {
    if (e.kind === 'col') names.set(e.name, e);
    if (e.kind === 'agg' || e.kind === 'some' || e.kind === 'param')
      throw new Untracked(`a ${e.kind} inside what is compared with as_of`);
  }
  const [only] = names.values();
  if (!only || names.size > 1) throw new Untracked(`${names.size} columns compared with as_of at once`);
  return again(only).map(({ leaf, expr: origin }) => ({
    leaf,
    expr: mapExpr(expr, (e) => (e.kind === 'col' ? origin : e)),
  }));
}

function ofColumn(
  column: Extract<Expr, { kind: 'col' }>,
  inputs: readonly Relation[],
  tracking: Tracking,
): readonly Origin[] {
  const [left, right] = inputs;
  const own = column.side === 'left' ? [left] : column.side === 'right' ? [right] : inputs;
  const input = own.find((relation) => relation?.columns.some(({ name }) => name === column.name));
  if (!input) throw new Untracked(`no column ${column.name}`);
  return below(input, column.name, tracking);
}

/** Where a relation's column comes from. */
function below(relation: Relation, name: string, tracking: Tracking): readonly Origin[] {
  const column = relation.columns.find((x) => x.name === name);
  if (column && tracking.of(relation)) return [{ leaf: relation, expr: col(name, column.type) }];
  const through = (expr: Expr): readonly Origin[] => originsOf(expr, inputsOf(relation), tracking);
  switch (relation.kind) {
    case 'filter':
      return below(relation.input, name, tracking);
    case 'semi_join':
    case 'anti_join':
      return below(relation.left, name, tracking);
    case 'project':
      return through(named(relation.exprs, name));
    case 'aggregate':
      return through(named([...relation.groupBy, ...relation.aggs], name));
    case 'join':
    case 'nearest': {
      const side = relation.left.columns.some((x) => x.name === name) ? relation.left : relation.right;
      return below(side, name, tracking);
    }
    case 'union': {
      const at = relation.columns.findIndex((x) => x.name === name);
      return relation.inputs.flatMap((input) => below(input, input.columns[at]?.name ?? '', tracking));
    }
    case 'window':
      if (relation.as !== name) return below(relation.input, name, tracking);
      if (!relation.arg || !PASSING.has(relation.fn)) throw new Untracked(`${relation.fn} of a time`);
      return through(relation.arg);
    case 'unnest':
      if (relation.as === name) throw new Untracked('an element of an array compared with as_of');
      return below(relation.input, name, tracking);
    case 'values': {
      const at = relation.columns.findIndex((x) => x.name === name);
      return relation.rows.flatMap((row) =>
        originsOf(row[at] ?? { kind: 'null', type: 'text' }, [], tracking),
      );
    }
    case 'scan':
    case 'query':
      throw new Untracked(`reads ${relation.label ?? relation.kind}, whose changes are not told`);
  }
}

/** Windows whose value is one of the values they are given. */
const PASSING: ReadonlySet<Window['fn']> = new Set<Window['fn']>([
  'running_min',
  'running_max',
  'previous',
  'max',
]);

function named(list: readonly { readonly name: string; readonly expr: Expr }[], name: string): Expr {
  const found = list.find((x) => x.name === name);
  if (!found) throw new Untracked(`no column ${name}`);
  return found.expr;
}
