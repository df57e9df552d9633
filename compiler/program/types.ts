/**
 * A program: the engine-neutral steps of a run. `compile`, `explain`, `preview` and `run` all consume it,
 * so what is shown cannot drift from what is done. A dialect turns each step into statements.
 */
import type { Column, Relation, TableRef } from '../ir/types.js';

export interface TableSpec {
  readonly table: TableRef;
  readonly columns: readonly Column[];
  /** Columns the engine should order or cluster the table by, if it can. */
  readonly clusterBy?: readonly string[];
  /** What texts of a column are like, for engines that choose how to store them: a few again and again, or ids. */
  readonly texts?: Readonly<Record<string, 'repeating' | 'unique'>>;
  /** Gone when the connection closes. */
  readonly temporary?: boolean;
  /** Rows of the columns the table has, where those are of the engine's own types: an empty table is made of none of them. */
  readonly like?: Relation;
}

/** A view, and what it shows. */
export interface View {
  readonly view: TableRef;
  readonly query: Relation;
}

export type StepOp =
  /** Create the table if it is not there. */
  | { readonly op: 'ensure_table'; readonly spec: TableSpec }
  | { readonly op: 'ensure_schema'; readonly schema: string }
  /** Create or replace the table with the rows of a query (by column name, in spec order). */
  | { readonly op: 'replace'; readonly spec: TableSpec; readonly query: Relation }
  /**
   * Insert the rows of a query; its columns are the columns inserted into, by name. A temporary table goes with
   * its connection, so a failed statement has left nothing in one and may be tried again.
   */
  | {
      readonly op: 'append';
      readonly table: TableRef;
      readonly query: Relation;
      readonly temporary?: boolean;
    }
  /** Rows of `query` overwrite `set` columns of table rows equal on `keys`; with `insert`, rows without a partner are inserted. */
  | {
      readonly op: 'merge';
      readonly table: TableRef;
      readonly query: Relation;
      readonly keys: readonly string[];
      readonly set: readonly string[];
      readonly insert: boolean;
    }
  /** Delete table rows equal on `keys` to a row of `query`; without `query`, all rows. */
  | {
      readonly op: 'delete';
      readonly table: TableRef;
      readonly query?: Relation;
      readonly keys?: readonly string[];
    }
  /** Create or replace views, in this order. */
  | { readonly op: 'views'; readonly views: readonly View[] }
  | { readonly op: 'drop'; readonly table: TableRef; readonly object: 'table' | 'view' }
  /** Rows for the program's caller. */
  | { readonly op: 'read'; readonly query: Relation };

export type Step = StepOp & {
  /** Stable within a program: `land.raw.facts_order_completed`, `compute.big_spenders`. */
  readonly id: string;
  /** What a person reads beside the progress bar. */
  readonly title: string;
  /** The definition it belongs to, where it belongs to one. */
  readonly definition?: string;
  /** Has something to do only where one of these counts is not 0 for a definition of the kind; else it is left out. */
  readonly when?: { readonly kind: 'audience' | 'trait'; readonly any: readonly ChangeCount[] };
};

/** What `PublishSteps.counts` says of the changes of each definition. */
export type ChangeCount = 'entered' | 'exited' | 'changed';
