/** BigQuery's knex client: what the base assembles, with the one set operation that it spells out. */
import { EmitClient } from '../emit/index.js';
import { quoteIdentifier } from './types.js';

/** A client that only builds SQL; statements run through the warehouse. */
export class BigQueryClient extends EmitClient {
  override readonly distinctUnion = 'union distinct';

  constructor() {
    super('bigquery', quoteIdentifier);
  }
}
