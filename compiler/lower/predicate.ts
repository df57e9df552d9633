import type { Comparison, Condition, Operand, Reducer, Stream } from '../../models/algebra.js';
import { hasElements, valueColumn } from '../bind/paths.js';
import { FACET_TYPES, type Facet, type ValueColumn, type ValueRoot } from '../bind/types.js';
import { CompilerBug } from '../diagnostics/index.js';
import { and, as, c, call, col, join, not, nul, or, project } from '../ir/build.js';
import type { Expr, Named, Relation } from '../ir/types.js';
import { compareFaceted, definite } from './compare.js';
import {
  elementFaceted,
  leftFacets,
  literalFaceted,
  RIGHT_FACETS,
  rightOperand,
  type Faceted,
} from './faceted.js';
import type { LowerContext } from './provider.js';
import { TraitSources, withAbsent } from './traits.js';

/** A value of a child that must equal one of its parent. */
export interface Equality {
  readonly child: Expr;
  readonly parent: Expr;
}

/** A child as columns of its parent's rows. */
export interface Child {
  /** The column it adds: a child that is asked for twice adds it once. */
  readonly column: string;
  /** Adds it. */
  extend(parents: Relation): Relation;
}

/**
 * What `where` says of rows, be they events or an entity's. Collects the value columns the rows must carry, the trait
 * relations they must be joined with, and the children that `where` holds.
 */
export abstract class RowPredicate {
  /** Names of the profile's key columns. */
  readonly key: readonly string[];
  protected readonly traits: TraitSources;
  protected readonly children = new Map<string, Child>();
  /** The condition being lowered reads the parent. */
  protected readsParent = false;
  private readonly wanted = new Map<string, ValueColumn>();

  constructor(protected readonly context: LowerContext) {
    this.key = context.provider.key.map((k) => k.name);
    this.traits = new TraitSources(context);
  }

  get hasChildren(): boolean {
    return this.children.size > 0;
  }

  get readsTraits(): boolean {
    return this.traits.sources().length > 0;
  }

  get columns(): readonly ValueColumn[] {
    return [...this.wanted.values()];
  }

  /** A value of the row, in one form; remembered as a column the rows need. */
  value(root: ValueRoot, path: string, facet: Facet): Expr {
    const column = valueColumn(root, path, facet);
    this.wanted.set(column.name, column);
    return col(column.name, FACET_TYPES[facet]);
  }

  /** A property of the enclosing row, over its columns. */
  protected abstract parentValue(path: string, facet: Facet): Expr;

  /** The same where child and parent are one row. */
  protected abstract besideParent(expr: Expr): Expr;

  /** The truth of a comparison of a child that can be told without its value; undefined where it cannot. */
  protected abstract childTruth(stream: Stream, reducer: Reducer, compare: Comparison): Expr | undefined;

  /** What a child comes to. */
  protected abstract childValue(stream: Stream, reducer: Reducer): Faceted;

  /** Joins rows with the trait relations `where` compares with. */
  protected withTraits(rows: Relation): Relation {
    return this.traits
      .sources()
      .reduce<Relation>((left, source) => join('left', left, source.relation, this.key), rows);
  }

  /** Adds what children come to. */
  protected withChildren(rows: Relation): Relation {
    return [...this.children.values()].reduce((parents, child) => child.extend(parents), rows);
  }

  protected condition(condition: Condition): Expr {
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
      case 'rank':
      case 'split':
        throw new CompilerBug(`${condition.kind} inside where passed resolve`);
    }
  }

  private test(leftOperand: Operand, compare: Comparison): Expr {
    if (leftOperand.kind === 'reduced') {
      const told = this.childTruth(leftOperand.stream, leftOperand.reducer, compare);
      if (told) return told;
    }
    const right = rightOperand(compare);
    const left = this.operand(leftOperand, leftFacets(compare));
    return compareFaceted(left, compare, right ? this.operand(right, RIGHT_FACETS) : undefined);
  }

  /** `property = property of the parent`: equal as numbers where both are numbers, else as texts. */
  protected equality(condition: Condition): Equality | undefined {
    if (condition.kind !== 'test' || condition.compare.op !== 'equals') return undefined;
    const { left } = condition;
    const { right } = condition.compare;
    const [own, parents] = isOfParent(right) ? [left, right] : [right, left];
    if (!isOfParent(parents) || isOfParent(own) || !('path' in own)) return undefined;
    // Two sets of elements that have one in common are no key.
    if (hasElements(parents.path) || hasElements(own.path)) return undefined;
    const parent = this.parentOperand(parents.path, RIGHT_FACETS);
    return { child: comparable(this.operand(own, RIGHT_FACETS)), parent: comparable(parent) };
  }

  /** A property of the enclosing row, over its columns. */
  private parentOperand(path: string, facets: readonly Facet[]): Faceted {
    return faceted(path, facets, (facet) => this.parentValue(path, facet));
  }

  private operand(operand: Operand, facets: readonly Facet[]): Faceted {
    switch (operand.kind) {
      case 'literal':
        return literalFaceted(operand.literal);
      case 'property':
      case 'context': {
        if (isOfParent(operand)) {
          this.readsParent = true;
          const forms = Object.entries(this.parentOperand(operand.path, facets));
          return Object.fromEntries(
            forms.map(([form, expr]: [string, Expr]) => [form, this.besideParent(expr)]),
          );
        }
        const root = operand.kind;
        return faceted(operand.path, facets, (facet) => this.value(root, operand.path, facet));
      }
      case 'trait':
        return withAbsent(this.traits.reference(operand.path));
      case 'reduced':
        return this.childValue(operand.stream, operand.reducer);
    }
  }
}

/** The columns `rows` had, of a relation made from it, and new ones. */
export const beside = (rows: Relation, from: Relation, added: readonly Named[]): Relation =>
  project(from, [...rows.columns.map((x) => as(x.name, c(from, x.name))), ...added]);

/** The parts of a conjunction. */
export const conjunctsOf = (condition: Condition): readonly Condition[] =>
  condition.kind === 'all' ? condition.of.flatMap(conjunctsOf) : [condition];

/** The forms asked for of the value at a path; those of its elements are made of the array. */
function faceted(path: string, facets: readonly Facet[], value: (facet: Facet) => Expr): Faceted {
  if (hasElements(path)) return elementFaceted(value('elements'));
  const asked = (['text', 'number', 'instant'] as const).filter((facet) => facets.includes(facet));
  return Object.fromEntries(asked.map((facet) => [facet, value(facet)]));
}

/** One text by which two values are equal just when they are by `equals` between references. */
function comparable({ number, text: plain }: Faceted): Expr {
  if (!number) return plain ?? nul('text');
  const canonical = call('number_text', number);
  return plain ? call('coalesce', canonical, plain) : canonical;
}

const isOfParent = (operand: Operand): operand is Operand & { readonly kind: 'property' } =>
  operand.kind === 'property' && operand.of === 'parent';
