/** DuckDB that also writes everything it is asked for as Snowflake would be asked. */
import type { Dialect } from '../../../dialects/dialect.js';
import { duckdb } from '../../../dialects/duckdb/dialect.js';
import { snowflake } from '../../../dialects/snowflake/dialect.js';

const { transactionalDdl, temporaryDdl } = snowflake.capabilities;

export const alsoSnowflake = (see: (sql: string) => void): Dialect => ({
  ...duckdb,
  // DDL stays out of transactions, as it does there.
  capabilities: { ...duckdb.capabilities, transactionalDdl, temporaryDdl },
  statements: (step, params) => {
    for (const { sql } of snowflake.statements(step, params)) see(sql);
    return duckdb.statements(step, params);
  },
  select: (query, params) => {
    see(snowflake.select(query, params));
    return duckdb.select(query, params);
  },
  selectAll: (query, params) => {
    see(snowflake.selectAll(query, params));
    return duckdb.selectAll(query, params);
  },
});
