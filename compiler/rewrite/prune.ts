import type { Expr, KeyPair, Relation, RelationKind } from '../ir/types.js';
import { expressionsOf, openInputs, topDown } from '../ir/relations.js';
import { childrenOf } from '../ir/walk.js';

type Of<K extends RelationKind> = Extract<Relation, { kind: K }>;

/**
 * Drops columns no one reads, so that a SELECT names what it uses and an engine reads no more. Shared
 * relations keep what any of their readers needs; distinct rows keep every column, which decides them.
 */
export function prune(root: Relation): Relation {
  const needed = new Map<Relation, Set<string>>([[root, new Set(root.columns.map((x) => x.name))]]);
  for (const relation of topDown(root)) {
    const own = needed.get(relation) ?? new Set<string>();
    for (const input of openInputs(relation)) {
      const wanted = needed.get(input) ?? new Set<string>();
      needed.set(input, wanted);
      addWanted(relation, input, own, wanted);
    }
  }
  const done = new Map<Relation, Relation>();
  const rebuild = (relation: Relation): Relation => {
    if (relation.stable) return relation;
    const found = done.get(relation);
    if (found) return found;
    const built = narrowed(relation, needed.get(relation) ?? new Set(), rebuild);
    done.set(relation, built);
    return built;
  };
  return rebuild(root);
}

/** Adds the names of the columns that expressions read. */
function addNames(exprs: readonly Expr[], wanted: Set<string>): void {
  for (const expr of exprs) {
    if (expr.kind === 'col') wanted.add(expr.name);
    else addNames(childrenOf(expr), wanted);
  }
}

/** Adds the columns of `input` that `relation` needs, when its own readers need `own`. */
function addWanted(relation: Relation, input: Relation, own: ReadonlySet<string>, wanted: Set<string>): void {
  const passed = (): void => {
    for (const { name } of input.columns) if (own.has(name)) wanted.add(name);
  };
  const read = (exprs: readonly Expr[]): void => {
    const names = new Set<string>();
    addNames(exprs, names);
    for (const { name } of input.columns) if (names.has(name)) wanted.add(name);
  };
  switch (relation.kind) {
    case 'scan':
    case 'values':
      return;
    case 'project':
      for (const e of relation.exprs)
        if (relation.distinct === true || own.has(e.name)) addNames([e.expr], wanted);
      return;
    case 'aggregate':
      for (const e of relation.groupBy) addNames([e.expr], wanted);
      for (const e of relation.aggs) if (own.has(e.name)) addNames([e.expr], wanted);
      if (relation.having) addNames([relation.having], wanted);
      return;
    case 'filter':
    case 'window':
    case 'unnest':
      passed();
      read(expressionsOf(relation));
      return;
    case 'join':
    case 'semi_join':
    case 'anti_join':
      passed();
      read(expressionsOf(relation));
      for (const key of relation.on) {
        if (input === relation.left) wanted.add(key.left);
        if (input === relation.right) wanted.add(key.right);
      }
      return;
    case 'union':
      // Rows that are only counted need a column to be rows of.
      if (relation.all && own.size === 0) for (const { name } of input.columns.slice(0, 1)) wanted.add(name);
      else if (relation.all) passed();
      else for (const { name } of input.columns) wanted.add(name);
      return;
    case 'nearest':
      passed();
      for (const key of relation.on) wanted.add(input === relation.left ? key.left : key.right);
      if (input === relation.left) read([relation.time]);
      else wanted.add(relation.rightTime);
      return;
    case 'query':
      // Its text may name any of them.
      for (const { name } of input.columns) wanted.add(name);
  }
}

function narrowed(
  relation: Relation,
  own: ReadonlySet<string>,
  rebuild: (r: Relation) => Relation,
): Relation {
  const kept = <T extends { readonly name: string }>(list: readonly T[]): readonly T[] =>
    list.filter((x) => own.has(x.name));
  switch (relation.kind) {
    case 'scan':
      return { ...relation, columns: kept(relation.columns) };
    case 'values':
      return relation;
    case 'filter':
    case 'window':
    case 'unnest': {
      const input = rebuild(relation.input);
      const names = new Set(input.columns.map((x) => x.name));
      const columns = relation.columns.filter(
        (x) => names.has(x.name) || ('as' in relation && relation.as === x.name),
      );
      return { ...relation, input, columns };
    }
    case 'project': {
      if (relation.distinct) return { ...relation, input: rebuild(relation.input) };
      return {
        ...relation,
        input: rebuild(relation.input),
        exprs: kept(relation.exprs),
        columns: kept(relation.columns),
      };
    }
    case 'aggregate': {
      const groups = new Set(relation.groupBy.map((g) => g.name));
      const columns = relation.columns.filter((x) => groups.has(x.name) || own.has(x.name));
      return { ...relation, input: rebuild(relation.input), aggs: kept(relation.aggs), columns };
    }
    case 'join':
      return narrowedJoin(relation, rebuild);
    case 'semi_join':
    case 'anti_join': {
      const left = rebuild(relation.left);
      return { ...relation, left, right: rebuild(relation.right), columns: left.columns };
    }
    case 'union': {
      if (!relation.all) return { ...relation, inputs: relation.inputs.map(rebuild) };
      const columns = own.size === 0 ? relation.columns.slice(0, 1) : kept(relation.columns);
      return {
        ...relation,
        inputs: relation.inputs.map((input) => aligned(rebuild(input), columns)),
        columns,
      };
    }
    case 'nearest':
      return narrowedJoin(relation, rebuild);
    case 'query':
      return {
        ...relation,
        pieces: relation.pieces.map((piece) =>
          piece.kind === 'rows' ? { ...piece, relation: rebuild(piece.relation) } : piece,
        ),
      };
  }
}

function narrowedJoin(relation: Of<'join' | 'nearest'>, rebuild: (r: Relation) => Relation): Relation {
  const left = rebuild(relation.left);
  const right = rebuild(relation.right);
  const shared = new Set(relation.on.filter((k: KeyPair) => k.left === k.right).map((k) => k.left));
  const columns = [...left.columns, ...right.columns.filter((x) => !shared.has(x.name))];
  return { ...relation, left, right, columns };
}

/** Branches of a union agree by position: one that carries more, for a filter of its own, is cut to fit. */
function aligned(input: Relation, columns: Relation['columns']): Relation {
  const same =
    input.columns.length === columns.length && input.columns.every((x, i) => x.name === columns[i]?.name);
  if (same) return input;
  const exprs = columns.map((x) => ({
    name: x.name,
    expr: { kind: 'col' as const, name: x.name, type: x.type },
  }));
  return { kind: 'project', input, exprs, columns };
}
