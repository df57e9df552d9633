/** What state had that raw rows do not say, and the other way round; all of it was repaired. */
export interface Reconciled {
  /** The run before, at the same `as_of`, which brought state up to date as any run does. */
  readonly ordinary_run_id: string;
  /** Definitions that differed: how many members or values state lacked, had too many, or had with another value. */
  readonly definitions: readonly {
    readonly key: string;
    readonly missing: number;
    readonly surplus: number;
    readonly changed: number;
    /** A few of each, by what they are called. */
    readonly sample: Readonly<Record<'missing' | 'surplus' | 'changed', readonly string[]>>;
  }[];
  /** Facts that differed: how many there were and are of an event, of `identify` or of `group`; as many where they say something else. */
  readonly facts: readonly {
    readonly source: string;
    readonly facts: string;
    readonly before: number;
    readonly after: number;
  }[];
}
