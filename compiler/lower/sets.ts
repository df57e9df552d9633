import { CompilerBug } from '../diagnostics/index.js';
import { antiJoin, not, semiJoin, union } from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import { definite } from './compare.js';
import { keysWhere, onlyExistence, type PerProfile } from './having.js';
import { conjuncts, expression, sourcesOf, whenAbsent, type Truth } from './truth.js';

/** What a definition reads of each profile: by event, stored, or referred to. */
export interface Source extends PerProfile {
  /** Its rows come from events or identifies by `as_of`, so their profiles are of the universe. */
  readonly provesProfile: boolean;
  /** How good it is to start from: nothing has to be computed for its rows. */
  readonly stored: boolean;
}

/** Profiles that satisfy a truth which no profile without rows satisfies. */
export interface ProfileSet {
  readonly proves: boolean;
  /** Where to start: the least first. */
  readonly rank: number;
  /** Their keys, each once or (cheaper, and enough to the right of a semi join) perhaps several times. */
  keys(once: boolean): Relation;
}

/** Conjuncts by what they ask of profiles. */
export interface Plan {
  /** All of them hold: semi joins. */
  readonly sets: readonly ProfileSet[];
  /** None of them holds: anti joins. */
  readonly excluded: readonly Relation[];
  /** What can only be asked of rows joined with the sources. */
  readonly mixed: readonly Truth[];
}

const RANK = { stored: 0, reduced: 1, existing: 2, united: 3 } as const;

/** Turns truths into sets of profiles. */
export class Sets {
  constructor(
    private readonly sources: ReadonlyMap<string, Source>,
    private readonly key: readonly string[],
  ) {}

  /** Sorts top-level conjuncts by what they ask of one source; those that tangle sources stay mixed, or are unions. */
  plan(truth: Truth): Plan {
    const all = conjuncts(truth);
    const shared = new Set(
      all.flatMap((t, i) =>
        [...sourcesOf(t)].filter((id) => all.some((u, j) => i !== j && sourcesOf(u).has(id))),
      ),
    );
    const tangled = new Set(all.flatMap((t) => (sourcesOf(t).size > 1 ? [...sourcesOf(t)] : [])));
    const sets: ProfileSet[] = [];
    const mixed: Truth[] = [];
    const bySource = new Map<string, Truth[]>();
    for (const t of all) {
      const ids = [...sourcesOf(t)];
      const [id] = ids;
      if (id !== undefined && !tangled.has(id)) {
        bySource.set(id, [...(bySource.get(id) ?? []), t]);
        continue;
      }
      // A source that another conjunct reads too is better joined once.
      const united = t.kind === 'or' && !ids.some((i) => shared.has(i)) ? this.united(t.of) : undefined;
      if (united) sets.push(united);
      else mixed.push(t);
    }
    const excluded: Relation[] = [];
    for (const [id, parts] of bySource) {
      // Apart where their truths without a row differ: each is then one kind of join.
      const fails = parts.filter((t) => whenAbsent(t) === false);
      const holds = parts.filter((t) => whenAbsent(t) === true);
      mixed.push(...parts.filter((t) => whenAbsent(t) === undefined));
      if (fails.length > 0) sets.push(this.passing(id, { kind: 'and', of: [...fails, ...holds] }));
      else if (holds.length > 0) excluded.push(this.failing(id, { kind: 'and', of: holds }));
    }
    return { sets: [...sets].sort((a, b) => a.rank - b.rank), excluded, mixed };
  }

  source(id: string): Source {
    const source = this.sources.get(id);
    if (!source) throw new CompilerBug(`no relation for ${id}`);
    return source;
  }

  private passing(id: string, truth: Truth): ProfileSet {
    const source = this.source(id);
    const test = expression(truth, 'present');
    const computed = onlyExistence(source, test) ? RANK.existing : RANK.reduced;
    return {
      proves: source.provesProfile,
      rank: source.stored ? RANK.stored : computed,
      keys: (once) => keysWhere(source, test, this.key, once),
    };
  }

  private failing(id: string, truth: Truth): Relation {
    return keysWhere(this.source(id), not(definite(expression(truth, 'present'))), this.key, false);
  }

  /** A disjunction as a union, if each part is a set and no source is read by two. */
  private united(parts: readonly Truth[]): ProfileSet | undefined {
    const byIds = new Map<string, Truth[]>();
    for (const part of parts) {
      const ids = [...sourcesOf(part)].sort().join('\n');
      byIds.set(ids, [...(byIds.get(ids) ?? []), part]);
    }
    const groups = [...byIds.values()].map((of): Truth => ({ kind: 'or', of }));
    const read = groups.flatMap((group) => [...sourcesOf(group)]);
    if (new Set(read).size < read.length) return undefined;
    const sets: ProfileSet[] = [];
    for (const group of groups) {
      const set = this.setOf(group);
      if (!set) return undefined;
      sets.push(set);
    }
    return {
      proves: sets.every((set) => set.proves),
      rank: RANK.united,
      keys: (once) =>
        union(
          sets.map((set) => set.keys(false)),
          !once,
        ),
    };
  }

  private setOf(truth: Truth): ProfileSet | undefined {
    const [id, ...others] = sourcesOf(truth);
    if (id === undefined) return undefined;
    if (others.length === 0) return whenAbsent(truth) === false ? this.passing(id, truth) : undefined;
    const only = truth.kind === 'or' && truth.of.length === 1 ? truth.of[0] : undefined;
    if (!only) return undefined;
    const { sets, excluded, mixed } = this.plan(only);
    if (sets.length === 0 || mixed.length > 0) return undefined;
    return {
      proves: sets.some((set) => set.proves),
      rank: RANK.united,
      keys: (once) => intersection(sets, excluded, this.key, once),
    };
  }
}

/** Profiles of all the sets, the first of which is started from, without those excluded. */
export function intersection(
  [start, ...others]: readonly ProfileSet[],
  excluded: readonly Relation[],
  key: readonly string[],
  once: boolean,
): Relation {
  if (!start) throw new CompilerBug('an intersection of nothing');
  const within = others.reduce((rows, set) => semiJoin(rows, set.keys(false), key), start.keys(once));
  return excluded.reduce((rows, out) => antiJoin(rows, out, key), within);
}
