/** BigQuery's dialect on GoogleSQL's own evaluator. */
import { bigquery } from '../../dialects/bigquery/dialect.js';
import { ZetaSql } from '../support/zetasql/server.js';
import { EvaluatedWarehouse, rememberingDialect } from '../support/zetasql/warehouse.js';
import type { EngineUnderTest, Way } from './engine.js';

/** The engine on a server that runs. */
export const bigqueryEvaluator = (server: ZetaSql, ways: readonly Way[]): EngineUnderTest => ({
  name: 'bigquery',
  dialect: rememberingDialect,
  target: { type: bigquery.name, project: 'tests', dataset: 'rollcall' },
  ways,
  open: () => {
    const warehouse = new EvaluatedWarehouse(server);
    return Promise.resolve({ warehouse, raw: warehouse.raw });
  },
  version: () => Promise.resolve('GoogleSQL, @fivetrandevelopers/zetasql 1.13.0'),
  again: 'npm run conformance -- bigquery',
});

/** A server for a file of tests, which ends with it. Where there can be none, vitest.config.ts leaves the file out. */
export async function startedServer(): Promise<ZetaSql> {
  const started = await ZetaSql.start();
  if (typeof started === 'string') throw new Error(started);
  return started;
}
