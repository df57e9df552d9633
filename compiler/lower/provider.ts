import type { Duration } from '../../models/algebra.js';
import type { ValueColumn } from '../bind/types.js';
import type { Column, Expr, Relation } from '../ir/types.js';

/** Whether a run reads its own state or an analyst's SELECT reads the raw sources: the lowering is the same. */
export interface Provider {
  /** What identifies a profile: columns that every relation below carries first. */
  readonly key: readonly Column[];
  /**
   * Events of one name, each counted once and given to its profile: key, `timestamp`, `message_id`,
   * `origin` (text: which source, breaks ties), `source_id`, then the value columns asked for.
   * Sources named in `excludeSources` are left out; so must be events whose `source_id` is.
   */
  events(request: EventRequest): Relation;
  /** The universe at `as_of`: key and `known`. */
  profiles(): Relation;
  /** What each profile of the universe is called: key, `named_kind` (`user` or `anonymous`), `named_id`. */
  names(): Relation;
  /** Of profiles known to be in the universe, the known ones (SEMANTICS §5, `include_anonymous`). */
  keepKnown(rows: Relation): Relation;
  /** Latest mention of each custom trait asked for: key, one JSON `mention` column each (JSON null: removed). */
  customTraits(columns: readonly ValueColumn[]): Relation;
  /** Stored values of a computed trait: key, `value` (JSON text), `number_value`, `text_value`. */
  trait(key: string): Relation;
  /** Members of an audience: key. */
  audience(key: string): Relation;
  /** First run of the definition being lowered (SEMANTICS §5, `history`). */
  firstRunAt(): Expr;
}

export interface EventRequest {
  readonly event: string;
  readonly columns: readonly ValueColumn[];
  readonly excludeSources: readonly string[];
}

/** What references resolve to; made by resolve, read by lower. */
export type TraitTarget =
  | { readonly kind: 'custom'; readonly path: string }
  | {
      readonly kind: 'computed';
      readonly key: string;
      readonly numeric: boolean;
      readonly zero: boolean;
    }
  | { readonly kind: 'audience'; readonly key: string };

export interface LowerContext {
  readonly provider: Provider;
  readonly resolveTrait: (path: string) => TraitTarget;
  readonly includeAnonymous: boolean;
  /** Undefined: all history. */
  readonly history?: { readonly before?: Duration };
}
