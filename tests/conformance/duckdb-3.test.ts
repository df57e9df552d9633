import { conformsOnDuckdb } from './on-duckdb.js';

conformsOnDuckdb(2, 6);
