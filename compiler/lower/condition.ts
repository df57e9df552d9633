import type { Comparison, Condition, Operand, Rank, Reducer, Stream } from '../../models/algebra.js';
import { hashedName } from '../bind/paths.js';
import { CompilerBug } from '../diagnostics/index.js';
import { as, bool, c, call, col, int, project } from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import { askedOf, lifted } from './accounts.js';
import { bucketHash, inBucket } from './bucket.js';
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
  /** By source: rankings. */
  readonly ranks: ReadonlyMap<string, LoweredRank>;
  /** Whether it reads `NAMES`. */
  readonly namesProfiles: boolean;
  /** By source: accounts of whose users a condition holds. */
  readonly lifted: ReadonlyMap<string, Relation>;
}

/** A ranking and the number it goes by, which reads one source. */
export interface LoweredRank {
  readonly rank: Rank;
  /** The column that is not null for those who are in. */
  readonly member: string;
  readonly by: Pick<LoweredCondition, 'passes' | 'traits'>;
  /** The number, where its source may have no row. */
  readonly number: Expr;
}

/** @param membersOf the profiles a condition holds of */
export function lowerCondition(
  condition: Condition,
  context: LowerContext,
  membersOf: MembersOf,
): LoweredCondition {
  const walker = new Walker(context, membersOf);
  const truth = walker.condition(condition);
  const { passes, traits, ranks, namesProfiles, lifted } = walker;
  return { truth, passes, traits, ranks, namesProfiles, lifted };
}

/** The source of what profiles are called. */
export const NAMES = 'names';

type MembersOf = (condition: Condition, context: LowerContext) => Relation;

class Walker {
  readonly passes = new Map<string, Measure[]>();
  readonly traits: TraitSources;
  readonly ranks = new Map<string, LoweredRank>();
  namesProfiles = false;
  readonly lifted = new Map<string, Relation>();

  constructor(
    private readonly context: LowerContext,
    private readonly membersOf: MembersOf,
  ) {
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
      case 'rank':
        return this.rank(condition);
      case 'split': {
        const named = [col('named_kind', 'text'), col('named_id', 'text')] as const;
        const within = inBucket(bucketHash(condition.salt, ...named), condition.from, condition.to);
        this.namesProfiles = true;
        // Everyone has a name, so its truth without a row is nobody's: asked of the fewest rows.
        return leaf([NAMES], within, within);
      }
      case 'users':
        return this.users(condition);
    }
  }

  private rank(rank: Rank): Truth {
    const id = `rank ${JSON.stringify(rank)}`;
    const member = hashedName('ranked', id);
    const by = new Walker(this.context, this.membersOf);
    const { number } = withAbsent(by.operand(rank.by));
    if (!number) throw new CompilerBug('a ranking by what is no number passed resolve');
    this.ranks.set(id, { rank, member, by, number });
    return leaf([id], bool(true), call('is_not_null', col(member, 'int')), false);
  }

  /** `none` is no user who matches, so it holds of an account without any; `all` does not (SEMANTICS §5). */
  private users(condition: Condition & { readonly kind: 'users' }): Truth {
    const { quantifier, match } = condition;
    if (quantifier === 'none') return { kind: 'not', of: this.users({ ...condition, quantifier: 'any' }) };
    const { users } = this.context.provider;
    if (!users) throw new CompilerBug('`users` outside a definition of accounts passed resolve');
    const id = hashedName(`users ${quantifier}`, quantifier, JSON.stringify(match));
    if (!this.lifted.has(id)) {
      const asked = {
        ...this.context,
        of: 'users',
        includeAnonymous: true,
        provider: askedOf(match, users),
      } as const;
      const found = lifted(quantifier, users, this.membersOf(match, asked));
      const key = this.context.provider.key.map(({ name }) => as(name, c(found, name)));
      this.lifted.set(id, project(found, [...key, as(id, int(1))]));
    }
    return leaf([id], bool(true), call('is_not_null', col(id, 'int')), false);
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
