import type { Condition, EventStream, Operand, Window } from '../../models/algebra.js';
import { valueColumn } from '../bind/paths.js';
import { FACET_TYPES, type Facet, type ValueColumn, type ValueRoot } from '../bind/types.js';
import { CompilerBug } from '../diagnostics/index.js';
import { and, bool, call, col, join, not, or, text } from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import { asOf, between, compareFaceted, definite, instantLiteral, moved } from './compare.js';
import { leftFacets, literalFaceted, RIGHT_FACETS, rightOperand, type Faceted } from './faceted.js';
import type { LowerContext } from './provider.js';
import { TraitSources, withAbsent } from './traits.js';

const TIME = col('timestamp', 'timestamp');

/**
 * The predicate of one event stream over rows of its event: window, history, sources and `where`. Collects
 * the value columns the rows must carry and the trait relations they must be joined with.
 */
export class EventPredicate {
  private readonly wanted = new Map<string, ValueColumn>();
  private readonly traits: TraitSources;
  /** Bounds on `timestamp`, always a plain range so that engines can prune by it. */
  readonly time: Expr;
  /** Everything else. */
  readonly rest: Expr;

  constructor(
    readonly stream: EventStream,
    private readonly context: LowerContext,
  ) {
    this.traits = new TraitSources(context);
    this.time = and(windowRange(stream.window), historyRange(context));
    const where = stream.where ? this.condition(stream.where) : bool(true);
    this.rest = and(sourceFilter(stream.excludeSources), where);
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
  withTraits(rows: Relation): Relation {
    const key = this.context.provider.key.map((k) => k.name);
    return this.traits
      .sources()
      .reduce<Relation>((left, source) => join('left', left, source.relation, key), rows);
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
      case 'test': {
        const right = rightOperand(condition.compare);
        const left = this.operand(condition.left, leftFacets(condition.compare));
        return compareFaceted(left, condition.compare, right ? this.operand(right, RIGHT_FACETS) : undefined);
      }
      case 'users':
        throw new CompilerBug('`users` inside where passed resolve');
    }
  }

  private operand(operand: Operand, facets: readonly Facet[]): Faceted {
    switch (operand.kind) {
      case 'literal':
        return literalFaceted(operand.literal);
      case 'property':
      case 'context': {
        const root = operand.kind;
        const value = (facet: Facet): Expr | undefined =>
          facets.includes(facet) ? this.value(root, operand.path, facet) : undefined;
        return compact({ text: value('text'), number: value('number'), instant: value('instant') });
      }
      case 'trait':
        return withAbsent(this.traits.reference(operand.path));
      case 'reduced':
        throw new CompilerBug('a child event passed resolve');
    }
  }
}

function compact(forms: {
  text: Expr | undefined;
  number: Expr | undefined;
  instant: Expr | undefined;
}): Faceted {
  return Object.fromEntries(Object.entries(forms).filter(([, expr]) => expr !== undefined));
}

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
