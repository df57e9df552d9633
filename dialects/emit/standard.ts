/** Functions and aggregates that SQL spells the same everywhere; an engine spreads these and overrides. */
import type { AggName, FnName } from '../../compiler/ir/types.js';
import type { Emit, EmitContext, Sql } from '../dialect.js';

/** The argument at a position; the IR's constructors guarantee it is there. */
export function arg(args: readonly Sql[], index = 0): Sql {
  return args[index] ?? '';
}

const infix =
  (operator: string): Emit =>
  (args) =>
    args.join(` ${operator} `);

const postfix =
  (operator: string): Emit =>
  (args) =>
    `${arg(args)} ${operator}`;

/** `name(a, b, …)` */
export const fn =
  (name: string): Emit =>
  (args) =>
    `${name}(${args.join(', ')})`;

type StandardFn =
  | 'and' | 'or' | 'not' | 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'is_distinct' | 'is_null' | 'is_not_null'
  | 'in_list' | 'coalesce' | 'add' | 'sub' | 'mul' | 'neg' | 'concat' | 'lower'; // prettier-ignore

export const STANDARD_FUNCTIONS: Pick<Record<FnName, Emit>, StandardFn> = {
  and: (args) => (args.length === 0 ? 'true' : args.join(' and ')),
  or: (args) => (args.length === 0 ? 'false' : args.join(' or ')),
  not: (args) => `not ${arg(args)}`,
  eq: infix('='),
  ne: infix('<>'),
  lt: infix('<'),
  le: infix('<='),
  gt: infix('>'),
  ge: infix('>='),
  is_distinct: infix('is distinct from'),
  is_null: postfix('is null'),
  is_not_null: postfix('is not null'),
  // Nothing is in an empty list, not even null; SQL has no way to write one.
  in_list: (args) => (args.length < 2 ? 'false' : `${arg(args)} in (${args.slice(1).join(', ')})`),
  coalesce: fn('coalesce'),
  add: infix('+'),
  sub: infix('-'),
  mul: infix('*'),
  neg: (args) => `-${arg(args)}`,
  concat: infix('||'),
  lower: fn('lower'),
};

/** What follows an aggregate's arguments: ` filter (where …)` and ` over (…)`, or nothing. */
export function aggregateClauses({ filter, over }: EmitContext, ...also: readonly Sql[]): Sql {
  const conditions = filter === undefined ? also : [...also, also.length > 0 ? `(${filter})` : filter];
  const filtered = conditions.length === 0 ? '' : ` filter (where ${conditions.join(' and ')})`;
  return over === undefined ? filtered : `${filtered} ${over}`;
}

const aggregate =
  (name: string): Emit =>
  (args, context) =>
    `${name}(${arg(args)})${aggregateClauses(context)}`;

export const STANDARD_AGGREGATES: Pick<Record<AggName, Emit>, 'count' | 'count_distinct' | 'min' | 'max'> = {
  count: (args, context) => `count(${args[0] ?? '*'})${aggregateClauses(context)}`,
  count_distinct: (args, context) => `count(distinct ${arg(args)})${aggregateClauses(context)}`,
  min: aggregate('min'),
  max: aggregate('max'),
};
