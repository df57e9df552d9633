/** Spark's knex client: what the base assembles is Spark's SQL already, but for one word. */
import { EmitClient } from '../emit/index.js';
import { quoteIdentifier } from './types.js';

/** A client that only builds SQL; statements run through the warehouse. */
export class SparkClient extends EmitClient {
  constructor() {
    super('spark', quoteIdentifier);
  }
}
