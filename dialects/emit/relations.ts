/** Relations to blocks: a total table of builders, one a kind. Shared relations become one CTE. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import { as, c, project } from '../../compiler/ir/build.js';
import { walkExpr } from '../../compiler/ir/walk.js';
import type {
  Aggregate,
  Expr,
  Join,
  Named,
  Relation,
  RelationKind,
  SemiJoin,
  Unnest,
} from '../../compiler/ir/types.js';
import type { Block, Exists, Item, Source } from './block.js';
import { blockOver, boundColumn, canInline, keyConditions, rebind } from './block.js';
import type { QueryBuilder } from './builder.js';
import type { UnnestInFrom } from './engine.js';
import type { ColumnExpr, Writer } from './expressions.js';
import { PRECEDENCE, strength } from './precedence.js';
import { write } from './expressions.js';
import { windowItem } from './windows.js';

type Builders = {
  readonly [K in RelationKind]: (r: Extract<Relation, { kind: K }>, q: QueryBuilder) => Block;
};

const BUILDERS: Builders = {
  scan: (r, q) => blockOver(q.table(r.table, r.columns)),

  filter: (r, q) => {
    const input = q.open(r.input);
    const merges =
      input.stage !== 'finished' &&
      canInline(input, [r.predicate], true) &&
      maySpeakOf(q, input, [r.predicate]);
    const block = merges ? input : q.restart(input, r.input);
    const predicate = rebind(r.predicate, resolver(block));
    return block.stage === 'grouped'
      ? { ...block, having: [...block.having, predicate] }
      : { ...block, where: [...block.where, predicate] };
  },

  project: (r, q) => {
    const input = q.open(r.input);
    const exprs = r.exprs.map((e) => e.expr);
    const merges =
      input.stage !== 'finished' && canInline(input, exprs, false) && maySpeakOf(q, input, exprs);
    const block = merges ? input : q.restart(input, r.input);
    const resolve = resolver(block);
    const columns = new Map(r.exprs.map(({ name, expr }) => [name, rebind(expr, resolve)]));
    return r.distinct ? { ...block, columns, distinct: true, stage: 'finished' } : { ...block, columns };
  },

  aggregate: (r, q) => {
    const { groupedExpressions } = q.engine.capabilities;
    // Before the input is opened: what is made of it and not used would stay.
    if (!groupedExpressions && !r.groupBy.every(({ expr }) => isPlain(expr)))
      return BUILDERS.aggregate(byColumns(r, q), q);
    const input = q.open(r.input);
    const having = r.having ? [r.having] : [];
    const exprs = [...r.groupBy, ...r.aggs].map((e) => e.expr).concat(having);
    const merges =
      input.stage === 'rows' &&
      canInline(input, exprs, false) &&
      (groupedExpressions || r.groupBy.every(({ expr }) => isPlain(rebind(expr, resolver(input)))));
    const block = merges ? input : q.restart(input, r.input);
    const inner = resolver(block);
    const columns = new Map<string, Expr>();
    const outer = (c: ColumnExpr): Expr => columns.get(c.name) ?? inner(c);
    const groupBy = r.groupBy.map(({ name, expr }) => {
      // Each key is an object of its own: its position in the select list is found by identity.
      const key = { ...rebind(expr, inner) };
      columns.set(name, key);
      return key;
    });
    const aggs = r.aggs.map(({ name, expr }) => [name, rebind(expr, outer, inner)] as const);
    for (const [name, expr] of aggs) columns.set(name, expr);
    return {
      ...block,
      stage: 'grouped',
      columns,
      groupBy,
      having: having.map((h) => rebind(h, outer, inner)),
    };
  },

  join: (r, q) => {
    const left = q.joinable(
      r.left,
      r.type !== 'full',
      r.on.map((k) => k.left),
      r.residual,
    );
    const right = q.bareBlock(r.right);
    const source = sourceOf(right);
    const on = joinConditions(r, left, right, q);
    const keyword = { inner: 'join', left: 'left join', full: 'full join', cross: 'cross join' }[r.type];
    const join = r.type === 'inner' && on.length === 0 ? 'cross join' : keyword;
    const columns = new Map(left.columns);
    for (const [name, item] of right.columns) {
      const own = columns.get(name);
      if (own === undefined) columns.set(name, item);
      else if (r.type === 'full') columns.set(name, merged(own, item));
    }
    return {
      ...left,
      columns,
      from: [...left.from, { source, join, on }],
    };
  },

  semi_join: (r, q) => halfJoin(r, q),
  anti_join: (r, q) => halfJoin(r, q),

  union: (r, q) => {
    const [first, ...others] = r.inputs.map((input) => q.operand(input));
    if (!first) throw new CompilerBug('a union of nothing');
    if (others.length === 0 && !r.all) return { ...first, distinct: true, stage: 'finished' };
    // One list of names for all operands: later ones go by position.
    const names = r.columns.map((c) => c.name);
    const columns = new Map([...first.columns.values()].map((item, i) => [names[i] ?? '', item]));
    return { ...first, columns, stage: 'finished', union: { all: r.all, others } };
  },

  window: (r, q) => {
    const exprs = [...r.partitionBy, ...r.orderBy.map((o) => o.expr), ...(r.arg ? [r.arg] : [])];
    const input = q.open(r.input);
    const block = input.stage === 'rows' && canInline(input, exprs, true) ? input : q.restart(input, r.input);
    const columns = new Map<string, Item>(block.columns).set(r.as, windowItem(r, resolver(block)));
    return { ...block, columns, stage: 'finished' };
  },

  unnest: (r, q) => {
    const input = q.open(r.input);
    const block =
      input.stage === 'rows' && canInline(input, [r.expr], true) ? input : q.restart(input, r.input);
    const expr = rebind(r.expr, resolver(block));
    const rules = q.engine.unnest;
    if ('from' in rules) {
      const source = lateralSource(r, expr, rules, q);
      const element = boundColumn(source, r.as, r.of === 'keys' ? 'text' : 'json');
      const columns = new Map<string, Item>(block.columns).set(r.as, element);
      return { ...block, columns, from: [...block.from, { source, on: [] }] };
    }
    const item: Item = {
      kind: 'opaque',
      write: (writer, indent) => rules[r.of](write(expr, writer, indent)),
    };
    return { ...block, columns: new Map<string, Item>(block.columns).set(r.as, item), stage: 'finished' };
  },

  values: (r, q) => q.values(r.rows, r.columns, r.label ?? 'given'),

  nearest: (r, q) => {
    if (!q.engine.capabilities.asofJoin) throw new CompilerBug('an ASOF join for an engine without it');
    const left = q.joinable(
      r.left,
      true,
      r.on.map((k) => k.left),
      r.time,
    );
    const right = q.bareBlock(r.right);
    const at = (block: Block) => (name: string) => resolver(block)({ kind: 'col', name, type: 'text' });
    const keys = keyConditions(r.on, at(left), at(right), q.engine.capabilities.nullSafeEquals);
    const order = ({ after: 'lt', at_or_after: 'le', at_or_before: 'ge' } as const)[r.match];
    const times = [rebind(r.time, resolver(left)), at(right)(r.rightTime)];
    const on: readonly Expr[] = [...keys, { kind: 'call', fn: order, args: times, type: 'bool' }];
    const columns = new Map(left.columns);
    for (const [name, item] of right.columns) if (!columns.has(name)) columns.set(name, item);
    return {
      ...left,
      columns,
      from: [...left.from, { source: sourceOf(right), join: 'asof left join', on }],
    };
  },

  query: (r, q) => {
    const writer = queryWriter(q);
    const body = r.pieces.map((piece) => {
      switch (piece.kind) {
        case 'text':
          return piece.text;
        case 'rows':
          return q.nameOf(piece.relation);
        case 'value':
          // It must hold together whatever the text puts around it.
          return strength(piece.expr) < PRECEDENCE.atom
            ? `(${write(piece.expr, writer, 1)})`
            : write(piece.expr, writer, 1);
      }
    });
    const names = new Map(r.columns.map(({ name }) => [name, name]));
    const sql = `(\n${body.join('').trim()}\n)`;
    return blockOver({ sql, hint: r.label ?? 'query', columns: r.columns, names, derived: true });
  },
};

/** The same groups, their keys computed in a SELECT of their own: what is grouped by is a column then. */
function byColumns(r: Aggregate, q: QueryBuilder): Aggregate {
  const kept = r.input.columns.map(({ name, type }): Named => ({ name, expr: { kind: 'col', name, type } }));
  const taken = new Set(r.input.columns.map(({ name }) => name.toLowerCase()));
  const keys = r.groupBy.map(({ name, expr }): Named => {
    let fresh = `group_${name}`;
    while (taken.has(fresh.toLowerCase())) fresh += '_';
    return { name: fresh, expr };
  });
  const input = project(r.input, [...kept, ...keys]);
  return {
    ...r,
    input: q.apart(input),
    groupBy: r.groupBy.map(({ name }, i) => as(name, c(input, keys[i]?.name ?? name))),
  };
}

/** A column, or a constant, which is grouped by as such. */
const isPlain = (expr: Expr): boolean => ['col', 'lit', 'param', 'null'].includes(expr.kind);

/** Whether expressions over a block's columns may be merged into it: some engines take no aggregate inside a subquery. */
function maySpeakOf(q: QueryBuilder, block: Block, exprs: readonly Expr[]): boolean {
  if (q.engine.capabilities.aggregatesInSubqueries || block.stage !== 'grouped') return true;
  return exprs.every((expr) => !looksAtElements(expr));
}

/** Whether an expression looks at elements, which takes a subquery where the engine has no list functions. */
const looksAtElements = (expr: Expr): boolean =>
  [...walkExpr(expr)].some((e) => e.kind === 'some' || (e.kind === 'call' && e.fn === 'json_elements'));

/** The rows that an unnesting adds, as an item of FROM. */
function lateralSource(r: Unnest, value: Expr, rules: UnnestInFrom, { engine }: QueryBuilder): Source {
  const column = engine.quoteIdentifier(r.as);
  return {
    sql: '',
    hint: r.as,
    columns: r.columns.filter(({ name }) => name === r.as),
    names: new Map([[r.as, r.as]]),
    lateral: {
      item: (writer, alias, indent) => rules.from[r.of](write(value, writer, indent + 1), alias, column),
      column: (alias) => rules.column?.(alias, column, r.of) ?? `${alias}.${column}`,
    },
  };
}

/** Names in a user's query are the user's: quoted part by part, and nothing else is made of them. */
function queryWriter({ engine, params }: QueryBuilder): Writer {
  const column = ({ name }: ColumnExpr): string =>
    name
      .split('.')
      .map((part) => engine.quoteIdentifier(part))
      .join('.');
  return { engine, params, column };
}

/** The block of a relation, labels aside. */
export function buildRelation(relation: Relation, builder: QueryBuilder): Block {
  return (BUILDERS[relation.kind] as (r: Relation, q: QueryBuilder) => Block)(relation, builder);
}

function halfJoin(r: SemiJoin, q: QueryBuilder): Block {
  const left = q.joinable(
    r.left,
    true,
    r.on.map((k) => k.left),
    r.residual,
  );
  const right = q.bareBlock(r.right);
  const source = sourceOf(right);
  const on = joinConditions(r, left, right, q);
  if (q.engine.capabilities.semiJoin && on.length > 0) {
    return {
      ...left,
      from: [...left.from, { source, join: r.kind === 'semi_join' ? 'semi join' : 'anti join', on }],
    };
  }
  const exists: Exists = { kind: 'exists', negated: r.kind === 'anti_join', source, on };
  return { ...left, where: [...left.where, exists] };
}

function joinConditions(r: Join | SemiJoin, left: Block, right: Block, q: QueryBuilder): readonly Expr[] {
  const resolveLeft = resolver(left);
  const resolveRight = resolver(right);
  const at = (resolve: (c: ColumnExpr) => Expr) => (name: string) =>
    resolve({ kind: 'col', name, type: 'text' });
  const { nullSafeEquals } = q.engine.capabilities;
  const keys = keyConditions(r.on, at(resolveLeft), at(resolveRight), nullSafeEquals);
  if (!r.residual) return keys;
  const either = (c: ColumnExpr): Expr =>
    c.side === 'right' || !left.columns.has(c.name) ? resolveRight(c) : resolveLeft(c);
  return [...keys, rebind(r.residual, either)];
}

/** The key of a full join is that of whichever side has the row. */
function merged(left: Item, right: Item): Item {
  if (left.kind === 'opaque' || right.kind === 'opaque')
    throw new CompilerBug('a full join of unfinished blocks');
  const type = left.kind === 'lit' ? left.literal.type : left.type;
  return { kind: 'call', fn: 'coalesce', args: [left, right], type };
}

function resolver(block: Block): (c: ColumnExpr) => Expr {
  return (c) => {
    const item = block.columns.get(c.name);
    if (item === undefined || item.kind === 'opaque') {
      throw new CompilerBug(`no column ${c.name} among ${[...block.columns.keys()].join(', ')}`);
    }
    return item;
  };
}

function sourceOf(block: Block): Source {
  const [item] = block.from;
  if (!item) throw new CompilerBug('a block without a source');
  return item.source;
}
