import type { Comparison, EventStream, Reducer, Stream, Window } from '../../models/algebra.js';
import type { Facet, ValueColumn } from '../bind/types.js';
import { CompilerBug } from '../diagnostics/index.js';
import { and, bool, call, col, filter, int, not, text } from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import { asOf, between, definite, instantLiteral, moved } from './compare.js';
import type { Faceted } from './faceted.js';
import { childExists, childValue } from './funnel.js';
import { ofParent, spanOf, type ChildRows } from './pairing.js';
import { conjunctsOf, RowPredicate, type Equality } from './predicate.js';
import type { EventRequest, LowerContext } from './provider.js';
import { reducerArgument } from './reduce.js';
import { lastSession } from './session.js';

const TIME = col('timestamp', 'timestamp');

/**
 * The predicate of one event stream over rows of its event: window, history, sources and `where`. Collects
 * the value columns the rows must carry, the trait relations they must be joined with, and the children that
 * `where` holds.
 */
export class EventPredicate extends RowPredicate implements ChildRows {
  /** Each child lowered once, however often it is asked for: what it holds would double with every level. */
  private readonly lowered = new Map<EventStream, EventPredicate>();
  /** Bounds on `timestamp`, always a plain range so that engines can prune by it. */
  readonly time: Expr;
  /** Everything else that does not depend on the parent. */
  readonly rest: Expr;
  readonly equalities: readonly Equality[];
  readonly links: readonly Expr[];
  /** How long a row's settled children may take to come. */
  private settling = 0n;

  constructor(
    readonly stream: EventStream,
    context: LowerContext,
    private readonly parent?: EventPredicate,
  ) {
    super(context);
    const own: Expr[] = [];
    const links: Expr[] = [];
    const equalities: Equality[] = [];
    for (const conjunct of stream.where ? conjunctsOf(stream.where) : []) {
      const equality = this.equality(conjunct);
      if (equality) equalities.push(equality);
      else {
        this.readsParent = false;
        const expr = this.condition(conjunct);
        (this.readsParent ? links : own).push(expr);
      }
    }
    this.equalities = equalities;
    this.links = links;
    this.rest = and(sourceFilter(stream.excludeSources), ...own);
    const settled =
      this.settling === 0n ? [] : [call('le', TIME, call('ts_add_micros', asOf(), int(-this.settling)))];
    this.time = and(windowRange(stream.window), historyRange(context), ...settled);
  }

  /** Rows of the event that satisfy all that does not depend on a parent. */
  rows(): Relation {
    const rows = this.kept(this.context.provider.events(requestOf(this.stream, this.columns)));
    const { expiresAfter } = this.stream;
    return expiresAfter === undefined ? rows : lastSession(rows, this.key, expiresAfter);
  }

  /** Of rows of the event those that satisfy the predicate. */
  private kept(rows: Relation): Relation {
    return filter(this.withChildren(this.withTraits(filter(rows, this.time))), this.rest);
  }

  protected parentValue(path: string, facet: Facet): Expr {
    const { parent } = this;
    if (!parent) throw new CompilerBug('a reference to no enclosing event passed resolve');
    return parent.value('property', path, facet);
  }

  protected besideParent(expr: Expr): Expr {
    return ofParent(expr);
  }

  protected childTruth(stream: Stream, reducer: Reducer, compare: Comparison): Expr | undefined {
    const found = childExists(this.child(stream), reducer, compare);
    if (found) this.children.set(found.column, found);
    return found?.truth;
  }

  protected childValue(stream: Stream, reducer: Reducer): Faceted {
    const child = this.child(stream);
    const argument = reducerArgument(reducer, (path, facet) => child.value('property', path, facet));
    const found = childValue(child, reducer, argument);
    this.children.set(found.column, found);
    return found.faceted;
  }

  /** The predicate of a child; a settled one makes this event wait. */
  private child(stream: Stream): EventPredicate {
    if (stream.kind !== 'event') throw new CompilerBug('an entity inside an event passed resolve');
    const known = this.lowered.get(stream);
    if (known) return known;
    const { to } = spanOf(stream);
    if (stream.settled && to !== undefined && to > this.settling) this.settling = to;
    const child = new EventPredicate(stream, this.context, this);
    this.lowered.set(stream, child);
    return child;
  }
}

/** What a stream asks of its provider. */
export const requestOf = (stream: EventStream, columns: readonly ValueColumn[]): EventRequest => ({
  event: stream.event,
  columns,
  excludeSources: stream.excludeSources ?? [],
  ...(stream.by && { byAccount: true }),
});

/** `as_of − d ≤ timestamp ≤ as_of`, both bounds exact; no event after `as_of` exists (SEMANTICS §1, §3). */
function windowRange(window: Window | undefined): Expr {
  if (!window) return call('le', TIME, asOf());
  switch (window.kind) {
    case 'within':
      return between(TIME, asOf(window.duration, -1), asOf());
    case 'between':
      return between(TIME, asOf(window.to, -1), asOf(window.from, -1));
    case 'absolute': {
      const since = window.since === undefined ? bool(true) : call('ge', TIME, instantLiteral(window.since));
      const until = window.until === undefined ? bool(true) : call('le', TIME, instantLiteral(window.until));
      return and(since, until, call('le', TIME, asOf()));
    }
  }
}

/** `history: false` and durations limit events to those from the first run, or so long before it (SEMANTICS §5). */
function historyRange(context: LowerContext): Expr {
  if (!context.history) return bool(true);
  const first = context.provider.firstRunAt();
  const { before } = context.history;
  return call('ge', TIME, before ? moved(first, before, -1) : first);
}

/** Sources named by their configuration are left out by the provider; here those named by `source_id`. */
function sourceFilter(excluded: readonly string[] | undefined): Expr {
  if (!excluded || excluded.length === 0) return bool(true);
  const id = col('source_id', 'text');
  const [only] = excluded;
  const listed =
    excluded.length === 1 && only !== undefined
      ? call('eq', id, text(only))
      : call('in_list', id, ...excluded.map(text));
  return not(definite(listed));
}
