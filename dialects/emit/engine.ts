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
};
