/**
 * Events inside the `where` of an event (SEMANTICS §4): every parent row gets what its children come to, as a
 * column beside its own. Three ways, the first that can say it:
 *
 * - **whether there is one**: the next child after the parent, by time, or the last where there is no end;
 * - **how many**: how many so far at both ends of the span, and the difference;
 * - anything else: all pairs within the span, grouped by parent.
 *
 * The first two look each parent up once, so a profile with very many events costs no more than its events.
 */
import { durationMicros, type Comparison, type EventStream, type Reducer } from '../../models/algebra.js';
import { hashedName } from '../bind/paths.js';
import {
  agg,
  aggregate,
  and,
  as,
  c,
  call,
  caseWhen,
  col,
  extend,
  int,
  join,
  label,
  nearest,
  pick,
  project,
  rowNumber,
  runningSum,
} from '../ir/build.js';
import type { Expr, KeyPair, Named, Nearest, Relation } from '../ir/types.js';
import { mapExpr, walkExpr } from '../ir/walk.js';
import { existence } from './existence.js';
import type { Faceted } from './faceted.js';
import type { Child, Equality } from './predicate.js';
import { measureAbsent, measureFaceted, reduced, type Reduction } from './reduce.js';
import { withAbsent } from './traits.js';

const TIME = col('timestamp', 'timestamp');
const ORDER = ['timestamp', 'message_id', 'origin'] as const;

/** A child's rows, and what ties them to their parent. */
export interface ChildRows {
  readonly stream: EventStream;
  /** Names of the key columns, which parents have too. */
  readonly key: readonly string[];
  readonly equalities: readonly Equality[];
  /** What else ties the two, over the child's columns and the parent's (side `left`). */
  readonly links: readonly Expr[];
  /** The rows that satisfy what does not depend on the parent. */
  rows(): Relation;
}

/** A child's value, where there may be none too. */
export function childValue(
  child: ChildRows,
  reducer: Reducer,
  argument: Pick<Reduction, 'argument' | 'elements'>,
): Child & { readonly faceted: Faceted } {
  const column = columnOf(child.stream, reducer, 'value');
  const pairing = new Pairing(child, { column, reducer, ...argument });
  const faceted = withAbsent({
    faceted: measureFaceted(pairing.reduction),
    absent: measureAbsent(pairing.reduction),
  });
  const counts = reducer.fn === 'count' && pairing.isEquality;
  return {
    column,
    faceted,
    extend: (parents) => (counts ? pairing.howMany(parents) : pairing.pairs(parents)),
  };
}

/** Whether there is a child, where a comparison of its count asks no more; undefined where it does. */
export function childExists(
  child: ChildRows,
  reducer: Reducer,
  compare: Comparison,
): (Child & { readonly truth: Expr }) | undefined {
  const must = reducer.fn === 'count' ? existence(compare) : undefined;
  const column = columnOf(child.stream, reducer, 'next');
  const pairing = new Pairing(child, { column, reducer, argument: undefined });
  if (must === undefined || !pairing.isEquality) return undefined;
  const truth = call(must ? 'is_not_null' : 'is_null', col(column, 'timestamp'));
  return { column, truth, extend: (parents) => pairing.whether(parents) };
}

const columnOf = (stream: EventStream, reducer: Reducer, is: 'value' | 'next'): string =>
  hashedName(`${stream.event}_${reducer.fn}`, JSON.stringify(stream), JSON.stringify(reducer), is);

/** Microseconds after the parent, both ends inclusive; without `to` there is no end. */
interface Span {
  readonly from: bigint;
  readonly to?: bigint;
}

/** The span after its parent in which a child counts; always strictly after it. */
export function spanOf({ parentWindow }: EventStream): Span {
  if (!parentWindow) return { from: 0n };
  if (parentWindow.kind === 'within') return { from: 0n, to: durationMicros(parentWindow.duration) };
  return { from: durationMicros(parentWindow.from), to: durationMicros(parentWindow.to) };
}

/** `timestamp` moved by microseconds. */
const later = (micros: bigint): Expr => (micros === 0n ? TIME : call('ts_add_micros', TIME, int(micros)));

/** Parents' rows brought together with their children's, whose columns get a prefix. */
class Pairing {
  private readonly span: Span;
  private made: Relation | undefined;

  constructor(
    private readonly child: ChildRows,
    readonly reduction: Reduction,
  ) {
    this.span = spanOf(child.stream);
  }

  /** Nothing but equal values ties a child to its parent. */
  get isEquality(): boolean {
    return this.child.links.length === 0;
  }

  /** A child after the parent: the next, if it is within the span; where that has no end, the last will do. */
  whether(parents: Relation): Relation {
    const { column } = this.reduction;
    const children = this.children([as(this.name('at'), TIME)]);
    if (this.span.to === undefined) return this.last(parents, children);
    const found = nearest(this.keyed(parents), children, this.on(), {
      ...this.begin(),
      rightTime: this.name('at'),
    });
    const at = c(found, this.name('at'));
    const kept = caseWhen([{ when: call('le', at, later(this.span.to)), then: at }]);
    return beside(parents, found, [as(column, kept)]);
  }

  /** The last child, if it is after the parent: needs no order of either. */
  private last(parents: Relation, children: Relation): Relation {
    const keys = this.on().map((k) => as(k.right, c(children, k.right)));
    const latest = aggregate(children, keys, [
      as(this.name('last'), agg('max', [c(children, this.name('at'))])),
    ]);
    const found = join('left', this.keyed(parents), latest, this.on());
    const at = c(found, this.name('last'));
    const kept = caseWhen([{ when: call('gt', at, TIME), then: at }]);
    return beside(parents, found, [as(this.reduction.column, kept)]);
  }

  private begin(): Pick<Nearest, 'time' | 'match'> {
    const { from } = this.span;
    return from === 0n ? { time: TIME, match: 'after' } : { time: later(from), match: 'at_or_after' };
  }

  /** Counts so far: those at the end of the span, less those before it begins. */
  howMany(parents: Relation): Relation {
    const children = this.children([as(this.name('at'), TIME)]);
    const groups = children.columns.map((x) => as(x.name, c(children, x.name)));
    const counted = aggregate(children, groups, [as(this.name('n'), agg('count'))]);
    const sums = label(
      runningSum(counted, {
        arg: c(counted, this.name('n')),
        partitionBy: groups.filter((g) => g.name !== this.name('at')).map((g) => g.expr),
        orderBy: [{ expr: c(counted, this.name('at')) }],
        as: this.name('so_far'),
      }),
      `${this.child.stream.event} so far`,
    );
    const keys = this.on().map((k) => k.right);
    const lookUp = (rows: Relation, time: Expr, count: string): Relation => {
      const right = pick(sums, [...keys, this.name('at'), [this.name('so_far'), count]]);
      const found = nearest(rows, right, this.on(), {
        time,
        rightTime: this.name('at'),
        match: 'at_or_before',
      });
      return beside(rows, found, [as(count, c(found, count))]);
    };
    const { from, to } = this.span;
    const [until, before] = [this.name('until'), this.name('before')];
    const rows = this.keyed(parents);
    const all = aggregate(
      sums,
      keys.map((k) => as(k, c(sums, k))),
      [as(until, agg('max', [c(sums, this.name('so_far'))]))],
    );
    const end =
      to === undefined
        ? beside(rows, join('left', rows, all, this.on()), [as(until, col(until, 'int'))])
        : lookUp(rows, later(to), until);
    const both = lookUp(end, from === 0n ? TIME : later(from - 1n), before);
    const known = (name: string): Expr => call('coalesce', c(both, name), int(0));
    const count = call('sub', known(until), known(before));
    return beside(parents, both, [as(this.reduction.column, count)]);
  }

  /**
   * Every pair within the span, grouped by parent. Parents are numbered by all they carry: two that get each
   * other's number differ in nothing.
   */
  pairs(parents: Relation): Relation {
    const { key } = this.child;
    const number = this.name('no');
    const rows = this.keyed(parents);
    const others = rows.columns.filter((x) => !key.includes(x.name)).map((x) => ({ expr: c(rows, x.name) }));
    const numbered = label(
      rowNumber(rows, { partitionBy: key.map((k) => c(rows, k)), orderBy: others, as: number }),
      `parents of ${this.child.stream.event}`,
    );
    const own = this.rows();
    const carried = own.columns.filter((x) => this.carries(x.name));
    const children = this.children(carried.map((x) => as(this.name(x.name), c(own, x.name))));
    const at = col(this.name('timestamp'), 'timestamp', 'right');
    const parentTime = (micros: bigint): Expr => ofParent(later(micros));
    const { from, to } = this.span;
    const span = [
      call('gt', at, parentTime(0n)),
      ...(from === 0n ? [] : [call('ge', at, parentTime(from))]),
      ...(to === undefined ? [] : [call('le', at, parentTime(to))]),
    ];
    const links = this.child.links.map((link) => this.tied(link));
    const joined = join('inner', numbered, children, this.on(), and(...span, ...links));
    const groups = [...key, number];
    const pairs = project(joined, [
      ...groups.map((k) => as(k, c(joined, k))),
      ...carried.map((x) => as(x.name, c(joined, this.name(x.name)))),
    ]);
    const values = reduced(
      pairs,
      groups.map((k) => as(k, c(pairs, k))),
      this.reduction,
    );
    const found = join('left', numbered, values, groups);
    return beside(parents, found, [as(this.reduction.column, c(found, this.reduction.column))]);
  }

  /** Whether a column of the child is read when pairs are tied or reduced. */
  private carries(name: string): boolean {
    if (name === 'timestamp') return true;
    const { reducer, argument, elements } = this.reduction;
    if ((ORDER as readonly string[]).includes(name)) return reducer.fn === 'first' || reducer.fn === 'last';
    const read = [...this.child.links, ...(argument ? [argument] : []), ...(elements ? [elements] : [])];
    return read.some((expr) =>
      [...walkExpr(expr)].some((e) => e.kind === 'col' && e.name === name && e.side !== 'left'),
    );
  }

  /** A link as the join's: the child's columns by their names beside the parent's. */
  private tied(link: Expr): Expr {
    return mapExpr(link, (e) =>
      e.kind === 'col' && e.side !== 'left' ? col(this.name(e.name), e.type, 'right') : e,
    );
  }

  private rows(): Relation {
    this.made ??= this.child.rows();
    return this.made;
  }

  private name(part: string): string {
    return `${this.reduction.column}_${part}`;
  }

  /** Parents with the values that children must equal. */
  private keyed(parents: Relation): Relation {
    const added = this.child.equalities.map(({ parent }, i) => as(this.name(`parent_${i}`), parent));
    return added.length === 0 ? parents : extend(parents, added);
  }

  private on(): readonly KeyPair[] {
    return [
      ...this.child.key.map((k) => ({ left: k, right: k })),
      ...this.child.equalities.map((_, i) => ({
        left: this.name(`parent_${i}`),
        right: this.name(`child_${i}`),
      })),
    ];
  }

  /** Children with their keys and the columns named. */
  private children(named: readonly Named[]): Relation {
    const rows = this.rows();
    return project(rows, [
      ...this.child.key.map((k) => as(k, c(rows, k))),
      ...this.child.equalities.map(({ child }, i) => as(this.name(`child_${i}`), child)),
      ...named,
    ]);
  }
}

/** The columns `rows` had, of a relation made from it, and new ones. */
const beside = (rows: Relation, from: Relation, added: readonly Named[]): Relation =>
  project(from, [...rows.columns.map((x) => as(x.name, c(from, x.name))), ...added]);

/** An expression over the parent's rows, where they are the left of a join with the child's. */
export const ofParent = (expr: Expr): Expr =>
  mapExpr(expr, (e) => (e.kind === 'col' && e.side !== 'left' ? { ...e, side: 'left' } : e));
