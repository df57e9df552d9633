/** What ways of reducing a parent's children share: the span they count in, and the keys that tie them to it. */
import { durationMicros, type EventStream } from '../../models/algebra.js';
import { as, c, call, col, extend, int, project } from '../ir/build.js';
import type { Expr, KeyPair, Named, Relation } from '../ir/types.js';
import { mapExpr } from '../ir/walk.js';
import type { Equality } from './predicate.js';
import type { Reduction } from './reduce.js';

export const TIME = col('timestamp', 'timestamp');
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

/** Microseconds after the parent, both ends inclusive; without `to` there is no end. */
export interface Span {
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
export const later = (micros: bigint): Expr =>
  micros === 0n ? TIME : call('ts_add_micros', TIME, int(micros));

/** Parents' rows brought together with their children's, whose columns get a prefix. */
export class Pairing {
  readonly span: Span;
  private made: Relation | undefined;

  constructor(
    readonly child: ChildRows,
    readonly reduction: Reduction,
  ) {
    this.span = spanOf(child.stream);
  }

  /** Nothing but equal values ties a child to its parent. */
  get isEquality(): boolean {
    return this.child.links.length === 0;
  }

  /** Children that satisfy what does not depend on the parent. */
  rows(): Relation {
    this.made ??= this.child.rows();
    return this.made;
  }

  /** A name for a column of its own. */
  name(part: string): string {
    return `${this.reduction.column}_${part}`;
  }

  /** Parents with the values that children must equal. */
  keyed(parents: Relation): Relation {
    const added = this.child.equalities.map(({ parent }, i) => as(this.name(`parent_${i}`), parent));
    return added.length === 0 ? parents : extend(parents, added);
  }

  /** What is equal between a parent and its child. */
  on(): readonly KeyPair[] {
    return [
      ...this.child.key.map((k) => ({ left: k, right: k })),
      ...this.child.equalities.map((_, i) => ({
        left: this.name(`parent_${i}`),
        right: this.name(`child_${i}`),
      })),
    ];
  }

  /** Children with their keys and the columns named. */
  children(named: readonly Named[], rows = this.rows()): Relation {
    return project(rows, [
      ...this.child.key.map((k) => as(k, c(rows, k))),
      ...this.child.equalities.map(({ child }, i) => as(this.name(`child_${i}`), child)),
      ...named,
    ]);
  }
}

/** An expression over the parent's rows, where they are the left of a join with the child's. */
export const ofParent = (expr: Expr): Expr =>
  mapExpr(expr, (e) => (e.kind === 'col' && e.side !== 'left' ? { ...e, side: 'left' } : e));
