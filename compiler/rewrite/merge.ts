import { filter } from '../ir/build.js';
import type { Expr, Named, Project, Relation } from '../ir/types.js';
import { inputsOf, readers } from '../ir/relations.js';
import { mapExpr, walkExpr } from '../ir/walk.js';

/** An expression of at most so many nodes may be written twice rather than given a SELECT of its own. */
const CHEAP = 7;

/**
 * Folds projections into what reads them: `project(filter(project(x)))` becomes `project(filter(x))`, so that
 * one step of meaning is one SELECT. A costly expression is never written twice.
 */
export function merge(root: Relation): Relation {
  const read = readers(root);
  const alone = (relation: Relation): boolean => (read.get(relation) ?? 0) <= 1;
  const done = new Map<Relation, Relation>();
  const visit = (relation: Relation): Relation => {
    if (relation.stable) return relation;
    const found = done.get(relation);
    if (found) return found;
    const inner = inputsOf(relation).every(alone) ? relation : undefined;
    const rebuilt = withInputs(relation, visit);
    const folded = inner ? fold(rebuilt) : rebuilt;
    done.set(relation, folded);
    return folded;
  };
  return visit(root);
}

function withInputs(relation: Relation, visit: (r: Relation) => Relation): Relation {
  switch (relation.kind) {
    case 'scan':
    case 'values':
      return relation;
    case 'filter':
    case 'project':
    case 'aggregate':
    case 'window':
    case 'unnest':
      return { ...relation, input: visit(relation.input) };
    case 'join':
    case 'semi_join':
    case 'anti_join':
      return { ...relation, left: visit(relation.left), right: visit(relation.right) };
    case 'union':
      return { ...relation, inputs: relation.inputs.map(visit) };
    case 'follows':
      return { ...relation, parent: visit(relation.parent), child: visit(relation.child) };
  }
}

function fold(relation: Relation): Relation {
  if (relation.kind === 'filter')
    return foldFilter(relation.input, relation.predicate, relation.label) ?? relation;
  if (relation.kind === 'project') return foldProject(relation) ?? relation;
  return relation;
}

/** filter(project(x)) → project(filter(x)): the filter is said with the project's own expressions. */
function foldFilter(input: Relation, predicate: Expr, label: string | undefined): Relation | undefined {
  if (input.kind !== 'project' || input.distinct || input.stable) return undefined;
  const inner = exprsOf(input);
  // The projection stays above, so what the filter repeats is computed twice: only cheap expressions may be.
  if (!usesOf([predicate]).every(([name]) => isCheap(inner.get(name)))) return undefined;
  const below = filter(input.input, substitute(predicate, inner));
  const name = label ?? input.label;
  return { ...input, input: below, ...(name === undefined ? {} : { label: name }) };
}

/** project(project(x)) → project(x). */
function foldProject(outer: Project): Relation | undefined {
  const { input } = outer;
  if (input.kind !== 'project' || input.distinct || input.stable || input.label !== undefined)
    return undefined;
  const inner = exprsOf(input);
  const uses = usesOf(outer.exprs.map((e) => e.expr));
  if (!uses.every(([name, count]) => count === 1 || isCheap(inner.get(name)))) return undefined;
  const exprs: readonly Named[] = outer.exprs.map((e) => ({ name: e.name, expr: substitute(e.expr, inner) }));
  return { ...outer, exprs, input: input.input };
}

const exprsOf = (project: Project): ReadonlyMap<string, Expr> =>
  new Map(project.exprs.map((e) => [e.name, e.expr]));

const substitute = (expr: Expr, by: ReadonlyMap<string, Expr>): Expr =>
  mapExpr(expr, (e) => (e.kind === 'col' ? (by.get(e.name) ?? e) : e));

function usesOf(exprs: readonly Expr[]): readonly (readonly [string, number])[] {
  const uses = new Map<string, number>();
  for (const expr of exprs) {
    for (const e of walkExpr(expr)) if (e.kind === 'col') uses.set(e.name, (uses.get(e.name) ?? 0) + 1);
  }
  return [...uses];
}

function isCheap(expr: Expr | undefined): boolean {
  if (!expr) return false;
  let nodes = 0;
  for (const e of walkExpr(expr)) {
    if (e.kind === 'agg' || ++nodes > CHEAP) return false;
  }
  return true;
}
