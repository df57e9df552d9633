/** Random relations with the rows they mean, by a naive interpreter that knows no SQL. */
import fc from 'fast-check';
import * as ir from '../../../compiler/ir/build.js';
import type { Relation } from '../../../compiler/ir/types.js';

export type Cell = number | null;
export type Rows = readonly Readonly<Record<string, Cell>>[];
/** A relation with the rows it means. */
export interface Case {
  readonly relation: Relation;
  readonly rows: Rows;
}

export const TABLES: Readonly<Record<string, Rows>> = {
  t: [
    { a: 1, b: 10, c: null },
    { a: 1, b: 20, c: 1 },
    { a: 2, b: null, c: 2 },
    { a: null, b: 10, c: 1 },
    { a: 3, b: 30, c: null },
  ],
  u: [
    { a: 1, b: 1, c: 1 },
    { a: null, b: 2, c: null },
    { a: 2, b: 2, c: 10 },
    { a: 2, b: 2, c: 10 },
  ],
};

const scan = (name: string): Case => ({
  relation: ir.scan(
    { name },
    ['a', 'b', 'c'].map((c) => ({ name: c, type: 'int' as const })),
  ),
  rows: TABLES[name] ?? [],
});

const names = (c: Case): readonly string[] => c.relation.columns.map((x) => x.name);
const nth = (c: Case, i: number): string => names(c)[i % names(c).length] ?? '';
const int = (name: string): ReturnType<typeof ir.col> => ir.col(name, 'int');
export const key = (row: Rows[number], columns: readonly string[]): string =>
  JSON.stringify(columns.map((c) => row[c] ?? null));
const distinct = (rows: Rows): Rows => [
  ...new Map(rows.map((r) => [JSON.stringify(Object.entries(r).sort()), r])).values(),
];
const less = (a: Cell, b: Cell): boolean => a !== null && b !== null && a < b;

let fresh = 0;
const freshName = (): string => `x${fresh++}`;

type Step = (input: Case, other: Case, i: number, j: number) => Case;

const filterLess: Step = (input, _other, i, j) => {
  const [a, b] = [nth(input, i), nth(input, j)];
  return {
    relation: ir.filter(input.relation, ir.or(ir.call('lt', int(a), ir.int(3)), ir.call('is_null', int(b)))),
    rows: input.rows.filter((r) => less(r[a] ?? null, 3) || r[b] === null),
  };
};

const compute: Step = (input, _other, i, j) => {
  const [a, b, sum] = [nth(input, i), nth(input, j), freshName()];
  return {
    relation: ir.project(input.relation, [ir.as(a, int(a)), ir.as(sum, ir.call('add', int(a), int(b)))]),
    rows: input.rows.map((r) => ({
      [a]: r[a] ?? null,
      [sum]: r[a] == null || r[b] == null ? null : r[a] + r[b],
    })),
  };
};

/** An output that hides the column it is made of. */
const negate: Step = (input, _other, i) => {
  const a = nth(input, i);
  return {
    relation: ir.project(
      input.relation,
      names(input).map((n) => ir.as(n, n === a ? ir.call('neg', int(n)) : int(n))),
    ),
    rows: input.rows.map((r) => ({ ...r, [a]: r[a] == null ? null : 0 - r[a] })),
  };
};

const unique: Step = (input, _other, i) => {
  const kept = names(input).slice(0, 1 + (i % names(input).length));
  return {
    relation: ir.pick(input.relation, kept, { distinct: true }),
    rows: distinct(input.rows.map((r) => Object.fromEntries(kept.map((k) => [k, r[k] ?? null])))),
  };
};

const group: Step = (input, _other, i, j) => {
  const [k, v, n, least] = [nth(input, i), nth(input, j), freshName(), freshName()];
  const groups = new Map<Cell, Cell[]>();
  for (const r of input.rows) groups.set(r[k] ?? null, [...(groups.get(r[k] ?? null) ?? []), r[v] ?? null]);
  const having = ir.call('ge', ir.agg('count'), ir.int(1 + (j % 2)));
  return {
    relation: ir.aggregate(
      input.relation,
      [ir.as(k, int(k))],
      [ir.as(n, ir.agg('count', [int(v)])), ir.as(least, ir.agg('min', [int(v)]))],
      having,
    ),
    rows: [...groups]
      .filter(([, values]) => values.length >= 1 + (j % 2))
      .map(([value, values]) => {
        const present = values.filter((x) => x !== null);
        return {
          [k]: value,
          [n]: present.length,
          [least]: present.length === 0 ? null : Math.min(...present),
        };
      }),
  };
};

const total: Step = (input, _other, i) => {
  const [v, n, m] = [nth(input, i), freshName(), freshName()];
  const present = input.rows.map((r) => r[v] ?? null).filter((x) => x !== null);
  return {
    relation: ir.aggregate(
      input.relation,
      [],
      [ir.as(n, ir.agg('count')), ir.as(m, ir.agg('max', [int(v)]))],
    ),
    rows: [{ [n]: input.rows.length, [m]: present.length === 0 ? null : Math.max(...present) }],
  };
};

const number: Step = (input, _other, i) => {
  const [p, n] = [nth(input, i), freshName()];
  const order = names(input);
  const sorted = [...input.rows].sort((x, y) => {
    for (const c of order) {
      const [a, b] = [x[c] ?? null, y[c] ?? null];
      if (a !== b) return a === null ? 1 : b === null ? -1 : a - b;
    }
    return 0;
  });
  const seen = new Map<Cell, number>();
  return {
    relation: ir.rowNumber(input.relation, {
      partitionBy: [int(p)],
      orderBy: order.map((c) => ({ expr: int(c), nulls: 'last' as const })),
      as: n,
    }),
    rows: sorted.map((r) => {
      const next = (seen.get(r[p] ?? null) ?? 0) + 1;
      seen.set(r[p] ?? null, next);
      return { ...r, [n]: next };
    }),
  };
};

/** What the rows of a partition before, or all of them, come to; the row before is told where the order has no ties. */
const overPartition =
  (fn: 'previous' | 'max' | 'count'): Step =>
  (input, _other, i) => {
    const [p, v, n] = [nth(input, i), nth(input, i + 1), freshName()];
    const once = distinct(input.rows).length === input.rows.length;
    const partitionBy = [int(p)];
    const of = (r: Rows[number]): Rows => input.rows.filter((x) => (x[p] ?? null) === (r[p] ?? null));
    const order = names(input);
    const before = (x: Rows[number], y: Rows[number]): number => {
      for (const c of order) {
        const [a, b] = [x[c] ?? null, y[c] ?? null];
        if (a !== b) return a === null ? 1 : b === null ? -1 : a - b;
      }
      return 0;
    };
    if (fn === 'count' || (fn === 'previous' && !once)) {
      return {
        relation: ir.partitionCount(input.relation, { partitionBy, as: n }),
        rows: input.rows.map((r) => ({ ...r, [n]: of(r).length })),
      };
    }
    if (fn === 'max') {
      return {
        relation: ir.partitionMax(input.relation, { arg: int(v), partitionBy, as: n }),
        rows: input.rows.map((r) => {
          const present = of(r).flatMap((x) => x[v] ?? []);
          return { ...r, [n]: present.length === 0 ? null : Math.max(...present) };
        }),
      };
    }
    const orderBy = order.map((c) => ({ expr: int(c), nulls: 'last' as const }));
    return {
      relation: ir.previous(input.relation, { arg: int(v), partitionBy, orderBy, as: n }),
      rows: input.rows.map((r) => {
        const earlier = of(r)
          .filter((x) => before(x, r) < 0)
          .sort(before)
          .at(-1);
        return { ...r, [n]: earlier?.[v] ?? null };
      }),
    };
  };

/** The other side with names of its own, but for the key. */
function renamed(other: Case, from: string, to: string): Case {
  const mapping = names(other).map((n) => [n, n === from ? to : freshName()] as const);
  return {
    relation: ir.pick(other.relation, mapping),
    rows: other.rows.map((r) => Object.fromEntries(mapping.map(([a, b]) => [b, r[a] ?? null]))),
  };
}

const joined =
  (type: 'inner' | 'left' | 'full', nullSafe: boolean): Step =>
  (input, other, i, j) => {
    const k = nth(input, i);
    const right = renamed(other, nth(other, j), k);
    const matches = (l: Rows[number], r: Rows[number]): boolean =>
      l[k] === r[k] && (nullSafe || l[k] !== null);
    const blank = (c: Case): Rows[number] => Object.fromEntries(names(c).map((n) => [n, null]));
    const rows: Rows[number][] = [];
    for (const l of input.rows) {
      const partners = right.rows.filter((r) => matches(l, r));
      for (const r of partners) rows.push({ ...r, ...l });
      if (partners.length === 0 && type !== 'inner') rows.push({ ...blank(right), ...l });
    }
    if (type === 'full') {
      for (const r of right.rows)
        if (!input.rows.some((l) => matches(l, r))) rows.push({ ...blank(input), ...r });
    }
    return {
      relation: ir.join(type, input.relation, right.relation, [{ left: k, right: k, nullSafe }]),
      rows,
    };
  };

/** The nearest of the other side by one column, within equals of another. */
const nearest =
  (match: 'after' | 'at_or_after' | 'at_or_before'): Step =>
  (input, other, i, j) => {
    const [k, t, moment] = [nth(input, i), freshName(), nth(input, j)];
    const [from, time] = [nth(other, j), nth(other, i + 1)];
    const pair = (r: Rows[number]): Rows[number] => ({ [k]: r[from] ?? null, [t]: r[time] ?? null });
    const right = distinct(other.rows.map(pair));
    const fits = (l: Rows[number], r: Rows[number]): boolean => {
      const [a, b] = [l[moment] ?? null, r[t] ?? null];
      if (l[k] === null || l[k] !== r[k] || a === null || b === null) return false;
      return match === 'after' ? b > a : match === 'at_or_after' ? b >= a : b <= a;
    };
    const pairs: readonly (readonly [string, string])[] = [[from, k], [time, t]]; // prettier-ignore
    const relation =
      from === time
        ? ir.project(other.relation, [ir.as(k, int(from)), ir.as(t, int(from))], { distinct: true })
        : ir.pick(other.relation, pairs, { distinct: true });
    return {
      relation: ir.nearest(input.relation, relation, [k], { time: int(moment), rightTime: t, match }),
      rows: input.rows.map((l) => {
        const times = right.flatMap((r) => (fits(l, r) ? [r[t] ?? 0] : []));
        const best = match === 'at_or_before' ? Math.max(...times) : Math.min(...times);
        return { ...l, [t]: times.length === 0 ? null : best };
      }),
    };
  };

/** Sums so far, over rows made distinct so that their order has no ties. */
const soFar: Step = (input, _other, i) => {
  const [p, n] = [nth(input, i), freshName()];
  const once = ir.pick(input.relation, names(input), { distinct: true });
  const rows = [...distinct(input.rows)].sort((x, y) => {
    for (const c of names(input)) {
      const [a, b] = [x[c] ?? null, y[c] ?? null];
      if (a !== b) return a === null ? 1 : b === null ? -1 : a - b;
    }
    return 0;
  });
  const sums = new Map<Cell, number>();
  return {
    relation: ir.runningSum(once, {
      arg: ir.call('coalesce', int(p), ir.int(1)),
      partitionBy: [int(p)],
      orderBy: names(input).map((c) => ({ expr: int(c), nulls: 'last' as const })),
      as: n,
    }),
    rows: rows.map((r) => {
      const sum = (sums.get(r[p] ?? null) ?? 0) + (r[p] ?? 1);
      sums.set(r[p] ?? null, sum);
      return { ...r, [n]: sum };
    }),
  };
};

const half =
  (keep: boolean): Step =>
  (input, other, i, j) => {
    const [k, o, v] = [nth(input, i), nth(other, j), nth(other, i + 1)];
    const residual = ir.call('ge', ir.col(v, 'int', 'right'), ir.int(1));
    const make = keep ? ir.semiJoin : ir.antiJoin;
    const has = (l: Rows[number]): boolean =>
      other.rows.some((r) => l[k] !== null && l[k] === r[o] && (r[v] ?? 0) >= 1);
    return {
      relation: make(input.relation, other.relation, [{ left: k, right: o }], residual),
      rows: input.rows.filter((l) => has(l) === keep),
    };
  };

const together =
  (all: boolean): Step =>
  (input, other, i, j) => {
    const [a, b, name] = [nth(input, i), nth(other, j), freshName()];
    const rows = [
      ...input.rows.map((r) => ({ [name]: r[a] ?? null })),
      ...other.rows.map((r) => ({ [name]: r[b] ?? null })),
    ];
    return {
      relation: ir.union([ir.pick(input.relation, [[a, name]]), ir.pick(other.relation, [[b, name]])], all),
      rows: all ? rows : distinct(rows),
    };
  };

const STEPS: readonly Step[] = [
  filterLess, compute, negate, unique, group, total, number, joined('inner', false), joined('inner', true),
  joined('left', false), joined('full', false), half(true), half(false), together(true), together(false),
  nearest('after'), nearest('at_or_after'), nearest('at_or_before'), soFar,
  overPartition('previous'), overPartition('max'), overPartition('count'),
]; // prettier-ignore

/** Each step takes results of earlier ones, so that relations get shared. */
export const plan = fc.array(
  fc.record({
    step: fc.nat({ max: STEPS.length - 1 }),
    input: fc.nat(),
    other: fc.nat(),
    i: fc.nat({ max: 5 }),
    j: fc.nat({ max: 5 }),
  }),
  { minLength: 1, maxLength: 7 },
);

export function build(
  steps: readonly { step: number; input: number; other: number; i: number; j: number }[],
): Case {
  fresh = 0;
  const made: Case[] = [scan('t'), scan('u')];
  for (const { step, input, other, i, j } of steps) {
    // Mostly on top of the last one.
    const on = made[made.length - 1 - (input % 2)] ?? scan('t');
    const beside = made[other % made.length] ?? scan('u');
    made.push((STEPS[step] ?? filterLess)(on, beside, i, j));
    if ((made.at(-1)?.rows.length ?? 0) > 200) made.pop();
  }
  return made.at(-1) ?? scan('t');
}
