/**
 * Rows of entities (SEMANTICS §2): which of them a stream selects, and what those inside its `where` come to. An
 * entity inside another is reduced once for all, bottom up, and joined to the rows around it by what relates the two.
 * Only one that reads the row around it, or a trait of the profile that row belongs to, is first set beside each
 * such row, and then reduced by it.
 */
import type { Comparison, EntityStream, Reducer, Stream } from '../../models/algebra.js';
import { ENTITY_ID } from '../bind/entity.js';
import { hashedName } from '../bind/paths.js';
import type { Facet, JoinColumn } from '../bind/types.js';
import { CompilerBug } from '../diagnostics/index.js';
import { aggregate, and, as, bool, c, call, col, extend, filter, join, project } from '../ir/build.js';
import type { Expr, KeyPair, Named, Relation } from '../ir/types.js';
import { mapExpr, walkExpr } from '../ir/walk.js';
import { existence } from '../../models/existence.js';
import type { Faceted } from './faceted.js';
import { beside, conjunctsOf, RowPredicate, type Child, type Equality } from './predicate.js';
import type { LowerContext } from './provider.js';
import { measureAbsent, measureFaceted, reduced, reducerArgument, type Reduction } from './reduce.js';
import { withAbsent } from './traits.js';

/** The predicate of one entity stream over rows of its table. */
export class EntityPredicate extends RowPredicate {
  /** What makes a row one of the row's around it. */
  readonly equalities: readonly Equality[];
  private readonly tests: readonly Expr[];
  private readonly joins = new Map<string, JoinColumn>();
  /** Each nested entity lowered once, however often it is asked for. */
  private readonly nested = new Map<EntityStream, EntityPredicate>();
  /** Values of the row around it that its tests read, by their names beside its own. */
  private readonly outer = new Map<string, Expr>();
  private readonly prefix: string;

  constructor(
    readonly stream: EntityStream,
    context: LowerContext,
    private readonly parent?: EntityPredicate,
  ) {
    super(context);
    this.prefix = hashedName(`${stream.entity}_outer`, parent?.prefix ?? '', JSON.stringify(stream));
    const equalities = this.related();
    const tests: Expr[] = [];
    for (const conjunct of stream.where ? conjunctsOf(stream.where) : []) {
      const equality = this.equality(conjunct);
      if (equality) equalities.push(equality);
      else tests.push(this.condition(conjunct));
    }
    this.equalities = equalities;
    this.tests = tests;
  }

  /** Whether its rows have to be beside those around them before they can be tested. */
  get dependent(): boolean {
    return this.parent !== undefined && (this.readsParent || this.readsProfile);
  }

  /** Rows that satisfy it: those of profiles; inside another, all there are, or those beside each of `parents`. */
  rows(parents?: Relation): Relation {
    const rows = this.context.provider.entities({
      entity: this.stream.entity,
      ...(this.parent ? {} : { owner: 'profile' }),
      joins: [...this.joins.values()],
      columns: this.columns,
    });
    return this.kept(parents ? this.beside(parents, rows) : rows);
  }

  /** What tells apart the rows around it: their columns, by their names there (`left`) and beside its own (`right`). */
  outerIdentity(): readonly KeyPair[] {
    return (this.parent?.identity() ?? []).map((name) => ({
      left: name,
      right: this.carriesKey && this.key.includes(name) ? name : this.named(name),
    }));
  }

  /** A column that relates its rows to others. */
  joined(column: JoinColumn): Expr {
    this.joins.set(column.name, column);
    return col(column.name, column.as);
  }

  protected parentValue(path: string, facet: Facet): Expr {
    if (!this.parent) throw new CompilerBug('a reference to no enclosing entity passed resolve');
    return this.parent.value('property', path, facet);
  }

  protected besideParent(expr: Expr): Expr {
    return mapExpr(expr, (e) => {
      if (e.kind !== 'col') return e;
      const name = this.named(e.name);
      this.outer.set(name, e);
      return col(name, e.type);
    });
  }

  protected childTruth(stream: Stream, reducer: Reducer, compare: Comparison): Expr | undefined {
    const must = reducer.fn === 'count' ? existence(compare) : undefined;
    if (must === undefined) return undefined;
    const nesting = new Nesting(this.child(stream), undefined);
    this.children.set(nesting.column, nesting);
    return call(must ? 'is_not_null' : 'is_null', col(nesting.column, 'bool'));
  }

  protected childValue(stream: Stream, reducer: Reducer): Faceted {
    const child = this.child(stream);
    const argument = reducerArgument(reducer, (path, facet) => child.value('property', path, facet));
    const reduction = { column: columnOf(child.stream, reducer), reducer, ...argument };
    this.children.set(reduction.column, new Nesting(child, reduction));
    return withAbsent({ faceted: measureFaceted(reduction), absent: measureAbsent(reduction) });
  }

  private child(stream: Stream): EntityPredicate {
    if (stream.kind !== 'entity') throw new CompilerBug('an event inside an entity passed resolve');
    const known = this.nested.get(stream);
    if (known) return known;
    const child = new EntityPredicate(stream, this.context, this);
    this.nested.set(stream, child);
    return child;
  }

  /** Whether anything in it is asked of the profile. */
  private get readsProfile(): boolean {
    return this.readsTraits || [...this.nested.values()].some((child) => child.readsProfile);
  }

  private get carriesKey(): boolean {
    return this.parent === undefined || this.readsProfile;
  }

  /** What tells its rows apart. */
  private identity(): readonly string[] {
    if (!this.parent) return [...this.key, ENTITY_ID];
    return this.dependent ? [...this.outerIdentity().map(({ right }) => right), ENTITY_ID] : [ENTITY_ID];
  }

  private related(): Equality[] {
    const { parent } = this;
    if (!parent) return [];
    const pairs = this.context.provider.related(parent.stream.entity, this.stream.entity);
    if (pairs.length === 0) throw new CompilerBug('an entity that is not related passed resolve');
    return pairs.map(({ outer, inner }) => ({ parent: parent.joined(outer), child: this.joined(inner) }));
  }

  /** Rows beside each of the rows around them that they are related to. */
  private beside(parents: Relation, rows: Relation): Relation {
    const [left, right] = [this.named('left'), this.named('right')];
    const around = project(parents, [
      ...this.outerIdentity().map(({ left: name, right: here }) => as(here, c(parents, name))),
      ...this.equalities.map(({ parent }, i) => as(`${left}_${i}`, parent)),
      ...[...this.outer].map(([name, expr]) => as(name, expr)),
    ]);
    const inner = extend(
      rows,
      this.equalities.map(({ child }, i) => as(`${right}_${i}`, child)),
    );
    const on = this.equalities.map((_, i) => ({ left: `${left}_${i}`, right: `${right}_${i}` }));
    return join('inner', around, inner, on);
  }

  /** Of rows those that satisfy the predicate; what asks nothing of children is asked first. */
  private kept(rows: Relation): Relation {
    const ofChildren = (test: Expr): boolean =>
      [...walkExpr(test)].some((e) => e.kind === 'col' && this.children.has(e.name));
    const first = this.tests.filter((test) => !ofChildren(test));
    const found = this.withChildren(filter(this.withTraits(rows), and(...first)));
    return filter(found, and(...this.tests.filter(ofChildren)));
  }

  private named(name: string): string {
    return `${this.prefix}_${name}`;
  }
}

/** A nested entity as a column of the rows around it: its value, or whether there is any row of it. */
class Nesting implements Child {
  readonly column: string;

  /** @param reduction undefined: whether there is any */
  constructor(
    private readonly child: EntityPredicate,
    private readonly reduction: Reduction | undefined,
  ) {
    this.column = reduction?.column ?? columnOf(child.stream);
  }

  extend(parents: Relation): Relation {
    const { child, column } = this;
    if (child.dependent) {
      const on = child.outerIdentity();
      const rows = child.rows(parents);
      const values = this.values(
        rows,
        on.map(({ right }) => as(right, c(rows, right))),
      );
      return besideParents(parents, join('left', parents, values, on), column);
    }
    const rows = extend(
      child.rows(),
      child.equalities.map((equality, i) => as(`${column}_inner_${i}`, equality.child)),
    );
    const values = this.values(
      rows,
      child.equalities.map((_, i) => as(`${column}_inner_${i}`, c(rows, `${column}_inner_${i}`))),
    );
    const keyed = extend(
      parents,
      child.equalities.map((equality, i) => as(`${column}_outer_${i}`, equality.parent)),
    );
    const on = child.equalities.map((_, i) => ({
      left: `${column}_outer_${i}`,
      right: `${column}_inner_${i}`,
    }));
    return besideParents(parents, join('left', keyed, values, on), column);
  }

  private values(rows: Relation, keys: readonly Named[]): Relation {
    if (this.reduction) return reduced(rows, keys, this.reduction);
    const found = aggregate(rows, keys, []);
    return extend(found, [as(this.column, bool(true))]);
  }
}

const besideParents = (parents: Relation, from: Relation, column: string): Relation =>
  beside(parents, from, [as(column, c(from, column))]);

const columnOf = (stream: EntityStream, reducer?: Reducer): string =>
  hashedName(
    `${stream.entity}_${reducer?.fn ?? 'any'}`,
    JSON.stringify(stream),
    JSON.stringify(reducer ?? 'any'),
  );
