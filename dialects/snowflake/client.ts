/** Snowflake's knex client: what the base assembles is Snowflake's SQL already. */
import { EmitClient } from '../emit/index.js';
import { quoteIdentifier } from './types.js';

/** A client that only builds SQL; statements run through the warehouse. */
export class SnowflakeClient extends EmitClient {
  constructor() {
    super('snowflake', quoteIdentifier);
  }
}
