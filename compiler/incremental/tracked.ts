/** What a run reads whose changes since an earlier run can be told: the leaves at which the analysis of a relation stops. */
import type { Expr, Relation, TableRef } from '../ir/types.js';

/** Rows for which something compared with `as_of` may have turned: `expr`, over the leaf's columns, lies between them. */
export interface Crossing {
  readonly expr: Expr;
  /** How far from `as_of`, in microseconds, the comparison looks. */
  readonly offset: bigint;
}

/** When a definition was computed last. */
export interface Since {
  readonly runNo: number;
  /** The `as_of` of that run, in microseconds since 1970. */
  readonly asOf: bigint;
}

/** What is asked of a leaf's changes. */
export interface Asked {
  readonly since: Since;
  /** Only rows that satisfy this can matter. Rows that never change may be left out by it. */
  readonly where: Expr;
  readonly crossings: readonly Crossing[];
}

/** The profiles that a definition is computed for. */
export interface Only {
  /** Columns: `profile_no`, each once. Another relation each time: rows of a table are best found where they are used. */
  profiles(): Relation;
  readonly definitionNo: number;
}

/** What a leaf is, as people call it; `tables` hold its rows. */
export type What =
  | {
      readonly kind: 'event' | 'custom traits';
      readonly name: string;
      readonly tables: readonly TableRef[];
    }
  | { readonly kind: 'profiles' }
  | { readonly kind: 'audience' | 'trait'; readonly name: string };

/** A relation that a definition reads, each row of one profile. */
export interface Tracked {
  /** What it is, whichever way its rows are read: the same in every run. */
  readonly name: string;
  readonly what: What;
  /** The column of it that holds the profile's number. */
  readonly key: string;
  /**
   * Profiles (`profile_no`, perhaps several times) of which rows were added, changed or taken away since the definition was
   * computed last, or crossed an instant: all of them, and perhaps more. Undefined where that cannot be told.
   */
  changed(asked: Asked): readonly Relation[] | undefined;
  /** Its rows of some profiles, with all its columns. Absent: those whose key is among them. */
  readonly within?: (only: Only) => Relation;
  /** Its rows of whatever profiles definitions are computed for: what many ask at last, a batch asks once for all of them. */
  readonly ofAny?: Relation;
}

/** The leaves that a provider has handed out, by identity. */
export class Tracking {
  private readonly leaves = new Map<Relation, Tracked>();

  /** Remembers a leaf; gives it back. */
  add<R extends Relation>(relation: R, tracked: Tracked): R {
    this.leaves.set(relation, tracked);
    return relation;
  }

  of(relation: Relation): Tracked | undefined {
    return this.leaves.get(relation);
  }

  /** Each relation of a tree once, before its inputs; leaves are not looked into. */
  topDown(root: Relation, inputsOf: (relation: Relation) => readonly Relation[]): readonly Relation[] {
    const order: Relation[] = [];
    const seen = new Set<Relation>();
    const visit = (relation: Relation): void => {
      if (seen.has(relation)) return;
      seen.add(relation);
      if (!this.leaves.has(relation)) inputsOf(relation).forEach(visit);
      order.push(relation);
    };
    visit(root);
    return order.reverse();
  }
}

/** Why a definition is computed in full. */
export class Untracked extends Error {
  override readonly name = 'Untracked';
}
