/** The shared emitter: a relation of the IR to one formatted, standalone SELECT. */
import type { Relation } from '../../compiler/ir/types.js';
import type { Params, Sql } from '../dialect.js';
import { QueryBuilder } from './builder.js';
import { assemble } from './client.js';
import type { EmitEngine } from './engine.js';
import { buildRelation } from './relations.js';

export { EmitClient } from './client.js';
export type { EmitEngine, UnnestRules } from './engine.js';
export { fn, STANDARD_AGGREGATES, STANDARD_FUNCTIONS } from './standard.js';

/** SQL of a query, parameters inlined, without a trailing semicolon. */
export function emitSelect(engine: EmitEngine, query: Relation, params: Params): Sql {
  const builder = new QueryBuilder(engine, params, buildRelation, query);
  const main = builder.query(query);
  return assemble(engine.client, builder.finished, builder.ctes, main);
}
