/**
 * Whether a relation can be made profile by profile: whatever it says of one depends on the leaves' rows of that one. Then its
 * rows of some profiles are those of the leaves cut down to these profiles.
 */
import { semiJoin } from '../ir/build.js';
import { inputsOf, mapInputs } from '../ir/relations.js';
import type { Expr, KeyPair, Named, Relation } from '../ir/types.js';
import { Untracked, type Only, type Tracking } from './tracked.js';

/** The column that holds the profile; `any`: no leaf is read, so that the rows are everyone's or there are none. */
type Key = { readonly column: string } | 'any';

/** A relation that `mustBeLocal` let pass, over leaves cut down to some profiles. */
export function restricted(root: Relation, only: Only, tracking: Tracking): Relation {
  const made = new Map<Relation, Relation>();
  const cut = (relation: Relation): Relation => {
    const known = made.get(relation);
    if (known) return known;
    const leaf = tracking.of(relation);
    const result = leaf
      ? (leaf.within?.(only) ??
        semiJoin(relation, only.profiles(), [{ left: leaf.key, right: 'profile_no' }]))
      : mapInputs(relation, cut);
    made.set(relation, result);
    return result;
  };
  if (root.kind !== 'semi_join') return cut(root);
  const asked = ofAny(root.right, tracking);
  return asked ? semiJoin(cut(root.left), asked, root.on) : cut(root);
}

/** A relation over leaves cut down to profiles that any definition is computed for; undefined where one cannot be. */
function ofAny(relation: Relation, tracking: Tracking): Relation | undefined {
  const leaf = tracking.of(relation);
  if (leaf) return leaf.ofAny;
  const cut = new Map(inputsOf(relation).map((input) => [input, ofAny(input, tracking)]));
  if (cut.size === 0 || [...cut.values()].includes(undefined)) return undefined;
  return mapInputs(relation, (input) => cut.get(input) ?? input);
}

/** Throws `Untracked` where what a relation says of one profile depends on rows of others, or on none that change. */
export function mustBeLocal(root: Relation, tracking: Tracking): void {
  const keys = new Map<Relation, Key>();
  const keyOf = (relation: Relation): Key => {
    const known = keys.get(relation);
    if (known) return known;
    const leaf = tracking.of(relation);
    const key = leaf ? { column: leaf.key } : keyThrough(relation, keyOf);
    keys.set(relation, key);
    return key;
  };
  const key = keyOf(root);
  if (key === 'any') throw new Untracked('it reads nothing that changes');
}

function keyThrough(relation: Relation, keyOf: (input: Relation) => Key): Key {
  switch (relation.kind) {
    case 'filter':
      return keyOf(relation.input);
    case 'project': {
      const key = keyOf(relation.input);
      return key === 'any' ? key : renamed(relation.exprs, key.column, relation);
    }
    case 'aggregate': {
      const key = keyOf(relation.input);
      if (key === 'any') throw new Untracked('an aggregate over constants');
      return renamed(relation.groupBy, key.column, relation);
    }
    case 'window': {
      const key = keyOf(relation.input);
      if (key !== 'any' && !relation.partitionBy.some((e) => isColumn(e, key.column)))
        throw new Untracked('ranks profiles among each other');
      return key;
    }
    case 'unnest':
      return keyOf(relation.input);
    case 'union':
      return ofUnion(
        relation.inputs,
        relation.columns.map(({ name }) => name),
        keyOf,
      );
    case 'semi_join':
    case 'anti_join': {
      const [left, right] = [keyOf(relation.left), keyOf(relation.right)];
      if (right !== 'any') joined(left, right, relation.on, relation);
      return left;
    }
    case 'nearest':
    case 'join':
      return ofJoin(relation, keyOf);
    case 'values':
      return 'any';
    case 'scan':
    case 'query':
      throw new Untracked(`reads ${relation.label ?? relation.kind}, whose changes are not told`);
  }
}

function ofUnion(
  inputs: readonly Relation[],
  names: readonly string[],
  keyOf: (input: Relation) => Key,
): Key {
  const at = new Set<number>();
  for (const input of inputs) {
    const key = keyOf(input);
    if (key !== 'any') at.add(input.columns.findIndex(({ name }) => name === key.column));
    else if (!isEmpty(input)) throw new Untracked('constants beside rows of profiles');
  }
  const [first] = at;
  if (first === undefined) return 'any';
  const column = names[first];
  if (at.size > 1 || column === undefined) throw new Untracked('profiles in different columns of a union');
  return { column };
}

const isEmpty = (relation: Relation): boolean =>
  relation.kind === 'values' ? relation.rows.length === 0 : inputsOf(relation).some(isEmpty);

function ofJoin(relation: Extract<Relation, { kind: 'join' | 'nearest' }>, keyOf: (r: Relation) => Key): Key {
  const [left, right] = [keyOf(relation.left), keyOf(relation.right)];
  const type = relation.kind === 'nearest' ? 'left' : relation.type;
  if (right === 'any' && type !== 'full') return left;
  if (left === 'any') {
    if (type === 'inner' || type === 'cross') return right;
    throw new Untracked('constants joined with profiles that may be missing');
  }
  if (right === 'any' || type === 'full') throw new Untracked('a full join');
  joined(left, right, relation.on, relation);
  return left;
}

function joined(left: Key, right: Exclude<Key, 'any'>, on: readonly KeyPair[], relation: Relation): void {
  const same = on.some((k) => left !== 'any' && k.left === left.column && k.right === right.column);
  if (!same) throw new Untracked(`joins profiles with others (${relation.label ?? relation.kind})`);
}

function renamed(list: readonly Named[], column: string, relation: Relation): Key {
  const found = list.find(({ expr }) => isColumn(expr, column));
  if (!found) throw new Untracked(`puts profiles together (${relation.label ?? relation.kind})`);
  return { column: found.name };
}

const isColumn = (expr: Expr, name: string): boolean => expr.kind === 'col' && expr.name === name;
