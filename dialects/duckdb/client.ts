/** DuckDB's knex client: what the base assembles is DuckDB's SQL already. */
import { EmitClient } from '../emit/index.js';
import { quoteIdentifier } from './types.js';

/** A client that only builds SQL; statements run through the warehouse. */
export class DuckDBClient extends EmitClient {
  constructor() {
    super('duckdb', quoteIdentifier);
  }
}
