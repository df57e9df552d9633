import type { Comparison, Condition, EventStream, Operand, Window } from '../../models/algebra.js';
import { hasElements, valueColumn } from '../bind/paths.js';
import { FACET_TYPES, type Facet, type ValueColumn, type ValueRoot } from '../bind/types.js';
import { CompilerBug } from '../diagnostics/index.js';
import { and, bool, call, col, filter, int, join, not, nul, or, text } from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import { asOf, between, compareFaceted, definite, instantLiteral, moved } from './compare.js';
import {
  elementFaceted,
  leftFacets,
  literalFaceted,
  RIGHT_FACETS,
  rightOperand,
  type Faceted,
} from './faceted.js';
import {
  childExists,
  childValue,
  ofParent,
  spanOf,
  type Child,
  type ChildRows,
  type Equality,
} from './funnel.js';
import type { LowerContext } from './provider.js';
import { reducerArgument } from './reduce.js';
import { TraitSources, withAbsent } from './traits.js';

const TIME = col('timestamp', 'timestamp');

/**
 * The predicate of one event stream over rows of its event: window, history, sources and `where`. Collects
 * the value columns the rows must carry, the trait relations they must be joined with, and the children that
 * `where` holds.
 */
export class EventPredicate implements ChildRows {
  private readonly wanted = new Map<string, ValueColumn>();
  private readonly traits: TraitSources;
  private readonly children = new Map<string, Child>();
  /** Each child lowered once, however often it is asked for: what it holds would double with every level. */
  private readonly lowered = new Map<EventStream, EventPredicate>();
  /** Bounds on `timestamp`, always a plain range so that engines can prune by it. */
  readonly time: Expr;
  /** Everything else that does not depend on the parent. */
  readonly rest: Expr;
  readonly equalities: readonly Equality[];
  readonly links: readonly Expr[];
  readonly key: readonly string[];
  /** How long a row's settled children may take to come. */
  private settling = 0n;
  /** The condition being lowered reads the parent. */
  private readsParent = false;

  constructor(
    readonly stream: EventStream,
    private readonly context: LowerContext,
    private readonly parent?: EventPredicate,
  ) {
    this.key = context.provider.key.map((k) => k.name);
    this.traits = new TraitSources(context);
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

  get hasChildren(): boolean {
    return this.children.size > 0;
  }

  /** Rows of the event that satisfy all that does not depend on a parent. */
  rows(): Relation {
    const { event, excludeSources } = this.stream;
    return this.kept(
      this.context.provider.events({ event, columns: this.columns, excludeSources: excludeSources ?? [] }),
    );
  }

  /** Of rows of the event those that satisfy the predicate. */
  private kept(rows: Relation): Relation {
    const inTime = this.withTraits(filter(rows, this.time));
    return filter(
      [...this.children.values()].reduce((parents, child) => child.extend(parents), inTime),
      this.rest,
    );
  }

  /** A value of the event, in one form; remembered as a column the rows need. */
  value(root: ValueRoot, path: string, facet: Facet): Expr {
    const column = valueColumn(root, path, facet);
    this.wanted.set(column.name, column);
    return col(column.name, FACET_TYPES[facet]);
  }

  get columns(): readonly ValueColumn[] {
    return [...this.wanted.values()];
  }

  /** Joins rows with the trait relations `where` compares with. */
  private withTraits(rows: Relation): Relation {
    return this.traits
      .sources()
      .reduce<Relation>((left, source) => join('left', left, source.relation, this.key), rows);
  }

  get readsTraits(): boolean {
    return this.traits.sources().length > 0;
  }

  private condition(condition: Condition): Expr {
    switch (condition.kind) {
      case 'all':
        return and(...condition.of.map((child) => this.condition(child)));
      case 'any':
        return or(...condition.of.map((child) => this.condition(child)));
      case 'not':
        return not(definite(this.condition(condition.of)));
      case 'audience': {
        const { member } = this.traits.membership(condition.key);
        return call('is_not_null', member);
      }
      case 'test':
        return this.test(condition.left, condition.compare);
      case 'users':
        throw new CompilerBug('`users` inside where passed resolve');
    }
  }

  private test(leftOperand: Operand, compare: Comparison): Expr {
    if (leftOperand.kind === 'reduced' && leftOperand.stream.kind === 'event') {
      const { stream, reducer } = leftOperand;
      const found = childExists(this.child(stream), reducer, compare);
      if (found) {
        this.children.set(found.column, found);
        return found.truth;
      }
    }
    const right = rightOperand(compare);
    const left = this.operand(leftOperand, leftFacets(compare));
    return compareFaceted(left, compare, right ? this.operand(right, RIGHT_FACETS) : undefined);
  }

  /** The predicate of a child; a settled one makes this event wait. */
  private child(stream: EventStream): EventPredicate {
    const known = this.lowered.get(stream);
    if (known) return known;
    const { to } = spanOf(stream);
    if (stream.settled && to !== undefined && to > this.settling) this.settling = to;
    const child = new EventPredicate(stream, this.context, this);
    this.lowered.set(stream, child);
    return child;
  }

  /** `property = property of the parent`: equal as numbers where both are numbers, else as texts. */
  private equality(condition: Condition): Equality | undefined {
    if (condition.kind !== 'test' || condition.compare.op !== 'equals') return undefined;
    const { left } = condition;
    const { right } = condition.compare;
    const [own, parents] = isOfParent(right) ? [left, right] : [right, left];
    if (!isOfParent(parents) || isOfParent(own) || own.kind === 'reduced' || own.kind === 'literal') {
      return undefined;
    }
    // Two sets of elements that have one in common are no key.
    if (hasElements(parents.path) || hasElements(own.path)) return undefined;
    const parent = this.parentOperand(parents.path, RIGHT_FACETS);
    return { child: comparable(this.operand(own, RIGHT_FACETS)), parent: comparable(parent) };
  }

  /** A property of the enclosing event, over its rows. */
  private parentOperand(path: string, facets: readonly Facet[]): Faceted {
    const { parent } = this;
    if (!parent) throw new CompilerBug('a reference to no enclosing event passed resolve');
    return faceted(path, facets, (facet) => parent.value('property', path, facet));
  }

  private operand(operand: Operand, facets: readonly Facet[]): Faceted {
    switch (operand.kind) {
      case 'literal':
        return literalFaceted(operand.literal);
      case 'property':
      case 'context': {
        if (isOfParent(operand)) {
          this.readsParent = true;
          return ofParents(this.parentOperand(operand.path, facets));
        }
        const root = operand.kind;
        return faceted(operand.path, facets, (facet) => this.value(root, operand.path, facet));
      }
      case 'trait':
        return withAbsent(this.traits.reference(operand.path));
      case 'reduced': {
        const { stream, reducer } = operand;
        if (stream.kind !== 'event') throw new CompilerBug('an entity stream passed resolve');
        const child = this.child(stream);
        const argument = reducerArgument(reducer, (path, facet) => child.value('property', path, facet));
        const found = childValue(child, reducer, argument);
        this.children.set(found.column, found);
        return found.faceted;
      }
    }
  }
}

/** The forms asked for of the value at a path; those of its elements are made of the array. */
function faceted(path: string, facets: readonly Facet[], value: (facet: Facet) => Expr): Faceted {
  if (hasElements(path)) return elementFaceted(value('elements'));
  const asked = (['text', 'number', 'instant'] as const).filter((facet) => facets.includes(facet));
  return Object.fromEntries(asked.map((facet) => [facet, value(facet)]));
}

/** The same, over the parent beside its child. */
const ofParents = (forms: Faceted): Faceted =>
  Object.fromEntries(Object.entries(forms).map(([form, expr]: [string, Expr]) => [form, ofParent(expr)]));

/** One text by which two values are equal just when they are by `equals` between references. */
function comparable({ number, text: plain }: Faceted): Expr {
  if (!number) return plain ?? nul('text');
  const canonical = call('number_text', number);
  return plain ? call('coalesce', canonical, plain) : canonical;
}

const conjunctsOf = (condition: Condition): readonly Condition[] =>
  condition.kind === 'all' ? condition.of.flatMap(conjunctsOf) : [condition];

const isOfParent = (operand: Operand): operand is Operand & { readonly kind: 'property' } =>
  operand.kind === 'property' && operand.of === 'parent';

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
