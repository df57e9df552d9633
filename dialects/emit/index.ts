/** The shared emitter: a relation of the IR to one formatted, standalone SELECT. */
import type { Relation, UserQuery } from '../../compiler/ir/types.js';
import type { Params, Sql } from '../dialect.js';
import { adapted } from './adapt.js';
import { QueryBuilder } from './builder.js';
import { assemble } from './assemble.js';
import type { EmitEngine } from './engine.js';
import type { Item } from './block.js';
import { printQuery } from './print.js';
import { buildRelation } from './relations.js';

export { EmitClient } from './client.js';
export type { EmitEngine, UnnestInFrom, UnnestInSelect, UnnestRules } from './engine.js';
export { fn, STANDARD_AGGREGATES, STANDARD_FUNCTIONS } from './standard.js';

/** A SELECT of every column a user's query has, whatever they are: for an engine to describe. */
export function emitAllColumns(engine: EmitEngine, query: UserQuery, params: Params): Sql {
  const root = adapted(engine, query);
  const builder = new QueryBuilder(engine, params, buildRelation, root);
  const block = builder.open(root);
  const every: Item = { kind: 'opaque', unnamed: true, write: () => '*' };
  const shape = printQuery(
    engine,
    params,
    { ...block, columns: new Map([['*', every]]) },
    new Map([['*', '*']]),
    0,
  );
  return assemble(engine.client, builder.finished, builder.ctes, shape);
}

/** SQL of a query, parameters inlined, without a trailing semicolon. */
export function emitSelect(engine: EmitEngine, query: Relation, params: Params): Sql {
  const root = adapted(engine, query);
  const builder = new QueryBuilder(engine, params, buildRelation, root);
  const main = builder.query(root);
  return assemble(engine.client, builder.finished, builder.ctes, main);
}
