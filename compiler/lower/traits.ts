import {
  cutAtElements,
  ELEMENTS,
  hasElements,
  hashedName,
  mentionOf,
  pathOf,
  pathSteps,
  valueColumn,
} from '../bind/paths.js';
import type { ValueColumn } from '../bind/types.js';
import { as, c, call, caseWhen, col, extend, int, path, project, text } from '../ir/build.js';
import type { Expr, Named, Relation } from '../ir/types.js';
import { elementFaceted, jsonFaceted, type Faceted } from './faceted.js';
import { usersOfAccounts } from './accounts.js';
import type { LowerContext, TraitTarget } from './provider.js';

/**
 * Trait references of one definition or one `where`: each relation they need is joined once, by profile, to
 * whatever rows are being tested.
 */
export interface TraitSource {
  readonly id: string;
  /** Key columns, then columns of names unique to the source. */
  readonly relation: Relation;
}

/** The relation a trait reference reads, and its forms over that relation's columns. */
export interface TraitReference {
  readonly source: string;
  readonly faceted: Faceted;
  /** What it reads as where the source has no row; undefined: missing. */
  readonly absent: Faceted;
}

export class TraitSources {
  private readonly custom = new Map<string, ValueColumn>();
  private readonly elements = new Map<string, Named>();
  private readonly others = new Map<string, TraitSource>();

  constructor(private readonly context: LowerContext) {}

  reference(traitPath: string): TraitReference {
    const target = this.context.resolveTrait(traitPath, this.context.of);
    switch (target.kind) {
      case 'custom':
        return this.customTrait(target.path);
      case 'computed':
        return this.computed(target);
      case 'audience':
        return this.audience(target.key);
    }
  }

  /** The relations asked for so far, in a stable order. */
  sources(): readonly TraitSource[] {
    const columns = [...this.custom.values()];
    if (columns.length === 0) return [...this.others.values()];
    const mentions = this.context.provider.customTraits(columns);
    // Read once a profile, not once for each of its events.
    const numbers = columns
      .filter((column) => !hasElements(column.path))
      .map((column) => as(numberName(column.path), call('json_number', c(mentions, column.name), WHOLE)));
    const made = extend(mentions, [...numbers, ...this.elements.values()]);
    return [{ id: CUSTOM, relation: made }, ...this.others.values()];
  }

  private customTrait(traitPath: string): TraitReference {
    if (hasElements(traitPath)) return this.customElements(traitPath);
    const column = mentionOf(traitPath);
    this.custom.set(column.name, column);
    const faceted = jsonFaceted(col(column.name, 'json'));
    const number = col(numberName(traitPath), 'number');
    return { source: CUSTOM, faceted: { ...faceted, number }, absent: {} };
  }

  /** Values on a path with `$`: those in the latest mention of what its first `$` steps into. */
  private customElements(traitPath: string): TraitReference {
    const { before, rest } = cutAtElements(pathSteps(traitPath));
    const column = mentionOf(pathOf([...before, ELEMENTS]));
    this.custom.set(column.name, column);
    const name = hashedName(`${traitPath}_elements`, 'trait', traitPath, 'elements');
    this.elements.set(name, as(name, call('json_elements', col(column.name, 'json'), path(rest))));
    return { source: CUSTOM, faceted: elementFaceted(col(name, 'json')), absent: {} };
  }

  private computed(target: TraitTarget & { kind: 'computed' }): TraitReference {
    const id = `trait ${target.key}`;
    const name = (part: string): string => hashedName(`${target.key}_${part}`, id, part);
    if (!this.others.has(id)) {
      const values = this.context.provider.trait(target.key);
      const columns = ['number_value', 'text_value'].map((part) => as(name(part), c(values, part)));
      this.others.set(id, { id, relation: project(values, [...this.keyOf(values), ...columns]) });
    }
    const textValue = col(name('text_value'), 'text');
    const number = target.numeric ? col(name('number_value'), 'number') : call('text_number', textValue);
    const faceted = { number, text: textValue, instant: call('text_instant', textValue) };
    // No row of a count reads as 0 (SEMANTICS §2), also where the trait is compared as text.
    if (!target.zero) return { source: id, faceted, absent: {} };
    const zero = { type: 'number', value: '0' } as const;
    return {
      source: id,
      faceted: { number, text: textValue },
      absent: { number: { kind: 'lit', literal: zero }, text: text('0') },
    };
  }

  /** An audience read as a trait is `false`, not missing, for a profile outside it (SEMANTICS §10). */
  private audience(key: string): TraitReference {
    const { source, member } = this.membership(key);
    const isMember = caseWhen([{ when: call('is_not_null', member), then: text('true') }], text('false'));
    return { source, faceted: { text: isMember }, absent: { text: text('false') } };
  }

  /** The source of an audience's members, and the column that is not null for a member. */
  membership(key: string): { readonly source: string; readonly member: Expr } {
    const id = `audience ${key}`;
    const name = hashedName(`${key}_member`, id);
    if (!this.others.has(id)) {
      const members = this.members(key);
      this.others.set(id, { id, relation: project(members, [...this.keyOf(members), as(name, int(1))]) });
    }
    return { source: id, member: col(name, 'int') };
  }

  /** An audience of accounts is, to users, the users of its members. */
  private members(key: string): Relation {
    const { provider, of, resolveTrait } = this.context;
    const target = resolveTrait(key, of);
    const isLifted = target.kind === 'audience' && target.of !== of;
    if (isLifted) return usersOfAccounts(provider, (provider.each ?? provider).audience(key));
    return provider.audience(key);
  }

  private keyOf(relation: Relation): readonly Named[] {
    return this.context.provider.key.map((k) => as(k.name, c(relation, k.name)));
  }
}

const WHOLE = path([]);
const numberName = (traitPath: string): string => valueColumn('trait', traitPath, 'number').name;

export const CUSTOM = 'custom traits';

/** Values where a row may be absent: falls back form by form. */
export function withAbsent(reference: Pick<TraitReference, 'faceted' | 'absent'>): Faceted {
  const { faceted, absent } = reference;
  const result: { -readonly [F in keyof Faceted]: Faceted[F] } = { ...faceted };
  for (const facet of ['text', 'number', 'instant'] as const) {
    const fallback = absent[facet];
    const value = faceted[facet];
    if (fallback && value && !isTotal(value)) result[facet] = call('coalesce', value, fallback);
  }
  return result;
}

const isTotal = (expr: Expr): boolean => expr.kind === 'case' && expr.otherwise !== undefined;
