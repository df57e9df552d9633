/** What the shared emitter asks of an engine, beyond the tables of its dialect. */
import type { FnName } from '../../compiler/ir/types.js';
import type { Dialect, Sql } from '../dialect.js';
import type { EmitClient } from './client.js';

/**
 * How an engine turns a JSON value into rows: the elements of an array, the keys of an object as text; anything else has
 * none. The expression stands in the select list, or as an item of FROM that reads those before it.
 */
export type UnnestRules = UnnestInSelect | UnnestInFrom;

export interface UnnestInSelect {
  elements(value: Sql): Sql;
  keys(value: Sql): Sql;
}

export interface UnnestInFrom {
  readonly from: {
    /** The whole item with what joins it: `cross join lateral f(value) as alias(column)`. */
    readonly elements: (value: Sql, alias: Sql, column: Sql) => Sql;
    readonly keys: (value: Sql, alias: Sql, column: Sql) => Sql;
  };
  /** What the element is called then; by default `alias.column`. */
  column?(alias: Sql, column: Sql, of: 'elements' | 'keys'): Sql;
}

export type EmitEngine = Pick<
  Dialect,
  | 'name'
  | 'capabilities'
  | 'functions'
  | 'aggregates'
  | 'type'
  | 'literal'
  | 'quoteIdentifier'
  | 'maxIdentifier'
> & {
  readonly client: EmitClient;
  readonly unnest: UnnestRules;
  /** Functions that answer for several calls on one value together, where they are told of them (`EmitContext.beside`). */
  readonly together?: ReadonlySet<FnName>;
  /** Constant rows as an item of FROM that names and types its columns itself, where the engine has one beside VALUES. */
  readonly constantRows?: (
    columns: readonly { readonly name: Sql; readonly type: Sql }[],
    rows: readonly (readonly Sql[])[],
  ) => Sql;
  /**
   * Whether a test is true of some element of a JSON array: false where it is true of none, and of anything but an
   * array. It may stand wherever an expression may, aggregates and join conditions included.
   *
   * @param element what the test calls the element, a JSON value
   */
  some(array: Sql, element: Sql, test: Sql): Sql;
};
