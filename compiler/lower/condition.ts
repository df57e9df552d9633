import type { Comparison, Condition, Operand, Reducer, Stream } from '../../models/algebra.js';
import { CompilerBug } from '../diagnostics/index.js';
import { bool, call } from '../ir/build.js';
import type { Expr } from '../ir/types.js';
import { compareFaceted } from './compare.js';
import { literalFaceted, rightOperand, type Faceted } from './faceted.js';
import { measure, passOf, type Measure } from './measure.js';
import { measureAbsent, measureFaceted } from './reduce.js';
import type { LowerContext } from './provider.js';
import { TraitSources, withAbsent, type TraitReference } from './traits.js';
import { always, constantTruth, leaf, type Truth } from './truth.js';

/** A condition over profiles, taken apart: its boolean tree, the measures it compares, the traits it reads. */
export interface LoweredCondition {
  readonly truth: Truth;
  /** By pass: measures that share one scan of an event. */
  readonly passes: ReadonlyMap<string, readonly Measure[]>;
  readonly traits: TraitSources;
}

export function lowerCondition(condition: Condition, context: LowerContext): LoweredCondition {
  const walker = new Walker(context);
  const truth = walker.condition(condition);
  return { truth, passes: walker.passes, traits: walker.traits };
}

class Walker {
  readonly passes = new Map<string, Measure[]>();
  readonly traits: TraitSources;

  constructor(private readonly context: LowerContext) {
    this.traits = new TraitSources(context);
  }

  condition(condition: Condition): Truth {
    switch (condition.kind) {
      case 'all':
        return { kind: 'and', of: condition.of.map((child) => this.condition(child)) };
      case 'any':
        return { kind: 'or', of: condition.of.map((child) => this.condition(child)) };
      case 'not':
        return { kind: 'not', of: this.condition(condition.of) };
      case 'audience': {
        const { source, member } = this.traits.membership(condition.key);
        return leaf([source], bool(true), call('is_not_null', member), false);
      }
      case 'test':
        return this.test(condition.left, condition.compare);
      case 'users':
        throw new CompilerBug('`users` passed resolve');
    }
  }

  private test(leftOperand: Operand, compare: Comparison): Truth {
    const left = this.operand(leftOperand);
    const rightRef = rightOperand(compare);
    const right = rightRef && rightRef.kind !== 'literal' ? this.operand(rightRef) : undefined;
    const sources = [...new Set([left.source, right?.source].flatMap((s) => s ?? []))];
    const truthOf = (form: (reference: Reference) => Faceted): Expr =>
      compareFaceted(form(left), compare, right && form(right));
    const total = truthOf(withAbsent);
    if (sources.length === 0) {
      const value = constantTruth(total);
      return value === undefined ? leaf([], total, total) : always(value);
    }
    if (sources.length > 1) return leaf(sources, total, total);
    return leaf(
      sources,
      truthOf((r) => r.faceted),
      total,
      constantTruth(truthOf((r) => r.absent)),
    );
  }

  private operand(operand: Operand): Reference {
    switch (operand.kind) {
      case 'literal': {
        const faceted = literalFaceted(operand.literal);
        return { source: undefined, faceted, absent: faceted };
      }
      case 'trait':
        return this.traits.reference(operand.path);
      case 'reduced':
        return this.reduced(operand.stream, operand.reducer);
      case 'property':
      case 'context':
        throw new CompilerBug(`${operand.kind} outside where passed resolve`);
    }
  }

  private reduced(stream: Stream, reducer: Reducer): Reference {
    if (stream.kind !== 'event') throw new CompilerBug('an entity stream passed resolve');
    const m = measure(stream, reducer, this.context);
    const pass = passOf(m);
    const together = this.passes.get(pass) ?? [];
    if (!together.some((other) => other.column === m.column)) together.push(m);
    this.passes.set(pass, together);
    return { source: pass, faceted: measureFaceted(m), absent: measureAbsent(m) };
  }
}

/** An operand's forms; literals have no source. */
type Reference = Omit<TraitReference, 'source'> & { readonly source: string | undefined };
