/** What the shared emitter asks of an engine, beyond the tables of its dialect. */
import type { Dialect, Sql } from '../dialect.js';
import type { EmitClient } from './client.js';

/** How an engine turns a JSON value into rows. */
export interface UnnestRules {
  /** Elements of an array; anything else has none. The expression stands in the select list. */
  elements(value: Sql): Sql;
  /** Keys of an object, as text; anything else has none. */
  keys(value: Sql): Sql;
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
  /**
   * Whether a test is true of some element of a JSON array: false where it is true of none, and of anything but an
   * array. It may stand wherever an expression may, aggregates and join conditions included.
   *
   * @param element what the test calls the element, a JSON value
   */
  some(array: Sql, element: Sql, test: Sql): Sql;
};
